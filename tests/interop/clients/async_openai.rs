// One chat by async-openai, as a line of JSON on standard output: see check_clients.py.
use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    middleware::ReqwestService,
    types::chat::{
        ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, CreateChatCompletionRequest,
        CreateChatCompletionRequestArgs,
    },
};
use futures::StreamExt;
use serde_json::{Value, json};
use std::env::var;

struct Seen {
    text: String,
    usage: Value,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let config = OpenAIConfig::new()
        .with_api_base(var("BASE_URL").unwrap())
        .with_api_key(var("API_KEY").unwrap());
    let mut client = Client::with_config(config);
    if var("RETRIES").unwrap() == "none" {
        // Of itself it tries again; a service of the caller's own does not.
        client = client.with_http_service(ReqwestService::default());
    }
    let mut seen = Seen { text: String::new(), usage: Value::Null };
    let streams = var("STREAM").unwrap() == "yes";
    let done = if streams { streamed(&client, &mut seen).await } else { plain(&client, &mut seen).await };
    let error = done.err().map_or(Value::Null, |error| described(&error));
    println!("{}", json!({"text": seen.text, "usage": seen.usage, "error": error}));
}

fn question() -> CreateChatCompletionRequest {
    CreateChatCompletionRequestArgs::default()
        .model("gpt-4o")
        .messages([ChatCompletionRequestUserMessage::from("How many words are in this question?").into()])
        .build()
        .unwrap()
}

async fn plain(client: &Client<OpenAIConfig>, seen: &mut Seen) -> Result<(), OpenAIError> {
    let answer = client.chat().create(question()).await?;
    seen.text = answer.choices[0].message.content.clone().unwrap_or_default();
    seen.usage = answer.usage.map_or(Value::Null, |usage| json!(usage));
    Ok(())
}

async fn streamed(client: &Client<OpenAIConfig>, seen: &mut Seen) -> Result<(), OpenAIError> {
    let mut asked = question();
    asked.stream_options =
        Some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None });
    let mut stream = client.chat().create_stream(asked).await?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        for choice in &chunk.choices {
            seen.text += choice.delta.content.as_deref().unwrap_or_default();
        }
        if let Some(usage) = chunk.usage {
            seen.usage = json!(usage);
        }
    }
    Ok(())
}

fn described(error: &OpenAIError) -> Value {
    let (kind, status, code) = match error {
        OpenAIError::ApiError(refused) => (
            "ApiError",
            json!(refused.status_code.as_u16()),
            json!(refused.api_error.code),
        ),
        OpenAIError::Reqwest(failed) => {
            ("Reqwest", json!(failed.status().map(|status| status.as_u16())), Value::Null)
        }
        OpenAIError::StreamError(_) => ("StreamError", Value::Null, Value::Null),
        OpenAIError::JSONDeserialize(..) => ("JSONDeserialize", Value::Null, Value::Null),
        _ => ("another", Value::Null, Value::Null),
    };
    json!({"kind": kind, "status": status, "code": code, "message": error.to_string()})
}

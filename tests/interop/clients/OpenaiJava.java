// One chat by openai-java, as a line of JSON on standard output: see check_clients.py.
import com.fasterxml.jackson.databind.ObjectMapper;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.OpenAIServiceException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.CompletionUsage;
import java.util.LinkedHashMap;
import java.util.Map;

public final class OpenaiJava {
  private static final Map<String, Object> SEEN = new LinkedHashMap<>();
  private static final StringBuilder TEXT = new StringBuilder();

  public static void main(String[] arguments) throws Exception {
    OpenAIOkHttpClient.Builder builder =
        OpenAIOkHttpClient.builder()
            .baseUrl(System.getenv("BASE_URL"))
            .apiKey(System.getenv("API_KEY"));
    if (!"default".equals(System.getenv("RETRIES"))) builder.maxRetries(0);
    OpenAIClient client = builder.build();
    SEEN.put("usage", null);
    SEEN.put("error", null);
    try {
      if ("yes".equals(System.getenv("STREAM"))) streamed(client);
      else plain(client);
    } catch (RuntimeException error) {
      SEEN.put("error", described(error));
    }
    SEEN.put("text", TEXT.toString());
    System.out.println(new ObjectMapper().writeValueAsString(SEEN));
    // Its threads would keep the process for a minute.
    System.exit(0);
  }

  private static ChatCompletionCreateParams.Builder question() {
    return ChatCompletionCreateParams.builder()
        .model("gpt-4o")
        .addUserMessage("How many words are in this question?");
  }

  private static void plain(OpenAIClient client) {
    ChatCompletion answer = client.chat().completions().create(question().build());
    TEXT.append(answer.choices().get(0).message().content().orElse(""));
    answer.usage().ifPresent(OpenaiJava::count);
  }

  private static void streamed(OpenAIClient client) {
    ChatCompletionCreateParams asked =
        question()
            .streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
            .build();
    try (StreamResponse<ChatCompletionChunk> stream =
        client.chat().completions().createStreaming(asked)) {
      stream.stream().forEach(OpenaiJava::take);
    }
  }

  private static void take(ChatCompletionChunk chunk) {
    chunk.choices().forEach(choice -> choice.delta().content().ifPresent(TEXT::append));
    chunk.usage().ifPresent(OpenaiJava::count);
  }

  private static void count(CompletionUsage usage) {
    Map<String, Object> counted = new LinkedHashMap<>();
    counted.put("prompt_tokens", usage.promptTokens());
    counted.put("completion_tokens", usage.completionTokens());
    SEEN.put("usage", counted);
  }

  private static Map<String, Object> described(RuntimeException error) {
    Map<String, Object> described = new LinkedHashMap<>();
    described.put("kind", error.getClass().getSimpleName());
    described.put("status", null);
    described.put("code", null);
    if (error instanceof OpenAIServiceException) {
      OpenAIServiceException refused = (OpenAIServiceException) error;
      described.put("status", refused.statusCode());
      described.put("code", refused.code().orElse(null));
    }
    described.put("message", String.valueOf(error.getMessage()));
    return described;
  }
}

// One chat by openai-node, as a line of JSON on standard output: see `check_clients.py`.
import OpenAI from "openai";

const { BASE_URL, API_KEY, STREAM, RETRIES } = process.env;
const client = new OpenAI({
  baseURL: BASE_URL,
  apiKey: API_KEY,
  ...(RETRIES === "default" ? {} : { maxRetries: 0 }),
});
const question = {
  model: "gpt-4o",
  messages: [{ role: "user", content: "How many words are in this question?" }],
};
const seen = { text: "", usage: null, error: null };
try {
  if (STREAM === "yes") {
    const options = { stream: true, stream_options: { include_usage: true } };
    for await (const chunk of await client.chat.completions.create({ ...question, ...options })) {
      seen.text += chunk.choices[0]?.delta.content ?? "";
      seen.usage = chunk.usage ?? seen.usage;
    }
  } else {
    const answer = await client.chat.completions.create(question);
    seen.text = answer.choices[0].message.content;
    seen.usage = answer.usage;
  }
} catch (error) {
  seen.error = {
    kind: error.constructor.name,
    status: error.status ?? null,
    code: error.code ?? null,
    message: error.message,
  };
}
console.log(JSON.stringify(seen));

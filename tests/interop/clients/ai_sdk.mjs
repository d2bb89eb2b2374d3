// One chat by Vercel's AI SDK, as a line of JSON on standard output: see `check_clients.py`.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, streamText } from "ai";

const { BASE_URL, API_KEY, STREAM, RETRIES } = process.env;
const provider = createOpenAICompatible({
  name: "proxy",
  baseURL: BASE_URL,
  apiKey: API_KEY,
  includeUsage: true,
});
const question = {
  model: provider("gpt-4o"),
  prompt: "How many words are in this question?",
  ...(RETRIES === "default" ? {} : { maxRetries: 0 }),
};
const seen = { text: "", usage: null, error: null };
const counted = ({ inputTokens, outputTokens }) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
});
try {
  if (STREAM === "yes") {
    const answer = streamText({ ...question, onError: () => {} });
    for await (const part of answer.fullStream) {
      if (part.type === "error") throw part.error;
      if (part.type === "text-delta") seen.text += part.text;
      if (part.type === "finish") seen.usage = counted(part.totalUsage);
    }
  } else {
    const answer = await generateText(question);
    seen.text = answer.text;
    seen.usage = counted(answer.usage);
  }
} catch (error) {
  // Where it tried more than once, the last try's error is inside.
  const last = error.lastError ?? error;
  seen.error = {
    kind: error.name ?? error.constructor.name,
    status: last.statusCode ?? null,
    code: last.data?.error?.code ?? null,
    message: error.message,
  };
}
console.log(JSON.stringify(seen));

#!/usr/bin/env bash
# LangChain4j takes an error in the middle of a stream for the end of a whole answer.
#
# Seen with langchain4j-open-ai and langchain4j-google-ai-gemini 1.19.0, on Java 17. OpenAI's and
# Google's APIs report a failure after the first bytes as an `error` object in the stream. These two
# skip it and call `onCompleteResponse` with the text so far, of which nothing says that it is a part
# but the missing finish reason; LangChain4j's client for Anthropic calls `onError` there. So a
# gateway in front of it must not hand a failure on as an error event with a clean end: what it sees
# is a broken connection.
#
# Output seen:
#   OpenAI, whole: complete "Hello there" STOP
#   OpenAI, failed: complete "Hello" null
#   OpenAI, cut: LangChain4jException
#   Gemini, whole: complete "Hello there" STOP
#   Gemini, failed: complete "Hello" null
#   Gemini, cut: LangChain4jException
#   Anthropic, failed: AnthropicStreamingException
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
version=1.19.0
for name in open-ai google-ai-gemini anthropic; do
  echo "<dependency><groupId>dev.langchain4j</groupId><artifactId>langchain4j-$name</artifactId><version>$version</version></dependency>"
done > "$work/needed"
cat > "$work/pom.xml" <<XML
<project><modelVersion>4.0.0</modelVersion><groupId>finding</groupId><artifactId>client</artifactId>
<version>1</version><dependencies>$(cat "$work/needed")</dependencies></project>
XML
mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/lib"
cat > "$work/Client.java" <<'JAVA'
import com.sun.net.httpserver.HttpServer;
import dev.langchain4j.model.anthropic.AnthropicStreamingChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.googleai.GoogleAiGeminiStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

public class Client {
  static final String OPENAI = "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,"
      + "\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":%s}]}\n\n";
  static final String GEMINI = "data: {\"candidates\":[{\"content\":{\"role\":\"model\",\"parts\":"
      + "[{\"text\":\"%s\"}]},\"index\":0%s}]}\r\n\r\n";
  static final String OPENAI_FAILS = "data: {\"error\":{\"message\":\"The server had an error\","
      + "\"type\":\"server_error\",\"param\":null,\"code\":\"server_error\"}}\n\n";
  static final String GEMINI_FAILS = "data: {\"error\":{\"code\":503,\"message\":\"The model is "
      + "overloaded.\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n";
  static final String CLAUDE = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":"
      + "{\"id\":\"m\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],"
      + "\"usage\":{\"input_tokens\":1,\"output_tokens\":1}}}\n\nevent: error\ndata: {\"type\":\"error\","
      + "\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
  static String answer;
  static boolean cut;

  static String ask(String what, StreamingChatModel model) throws Exception {
    var seen = new CompletableFuture<String>();
    model.chat("x", new StreamingChatResponseHandler() {
      @Override public void onPartialResponse(String text) {}
      @Override public void onCompleteResponse(ChatResponse all) {
        seen.complete("complete \"" + all.aiMessage().text() + "\" " + all.finishReason());
      }
      @Override public void onError(Throwable error) {
        seen.complete(error.getClass().getSimpleName());
      }
    });
    String line = what + ": " + seen.get(60, TimeUnit.SECONDS);
    System.out.println(line);
    return line;
  }

  public static void main(String[] given) throws Exception {
    var server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/", exchange -> {
      exchange.getRequestBody().readAllBytes();
      byte[] body = answer.getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      // Of a body that is cut, more was announced than comes.
      exchange.sendResponseHeaders(200, body.length + (cut ? 1 : 0));
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    server.start();
    String url = "http://127.0.0.1:" + server.getAddress().getPort();
    var openai = OpenAiStreamingChatModel.builder().baseUrl(url + "/v1").apiKey("k").modelName("m").build();
    var gemini = GoogleAiGeminiStreamingChatModel.builder().baseUrl(url + "/v1beta").apiKey("k").modelName("m").build();
    var claude = AnthropicStreamingChatModel.builder().baseUrl(url + "/v1").apiKey("k").modelName("m").build();
    String openaiBegins = OPENAI.formatted("Hello", "null"), geminiBegins = GEMINI.formatted("Hello", "");
    List<String> lines = new ArrayList<>();
    answer = openaiBegins + OPENAI.formatted(" there", "\"stop\"") + "data: [DONE]\n\n";
    lines.add(ask("OpenAI, whole", openai));
    answer = openaiBegins + OPENAI_FAILS;
    lines.add(ask("OpenAI, failed", openai));
    answer = openaiBegins;
    cut = true;
    lines.add(ask("OpenAI, cut", openai));
    cut = false;
    answer = geminiBegins + GEMINI.formatted(" there", ",\"finishReason\":\"STOP\"");
    lines.add(ask("Gemini, whole", gemini));
    answer = geminiBegins + GEMINI_FAILS;
    lines.add(ask("Gemini, failed", gemini));
    answer = geminiBegins;
    cut = true;
    lines.add(ask("Gemini, cut", gemini));
    cut = false;
    answer = CLAUDE;
    lines.add(ask("Anthropic, failed", claude));
    boolean same = lines.equals(List.of(
        "OpenAI, whole: complete \"Hello there\" STOP", "OpenAI, failed: complete \"Hello\" null",
        "OpenAI, cut: LangChain4jException", "Gemini, whole: complete \"Hello there\" STOP",
        "Gemini, failed: complete \"Hello\" null", "Gemini, cut: LangChain4jException",
        "Anthropic, failed: AnthropicStreamingException"));
    System.exit(same ? 0 : 1);
  }
}
JAVA
javac -cp "$work/lib/*" -d "$work" "$work/Client.java"
java -Dslf4j.internal.verbosity=ERROR -cp "$work:$work/lib/*" Client

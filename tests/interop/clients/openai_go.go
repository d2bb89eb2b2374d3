// One chat by openai-go, as a line of JSON on standard output: see check_clients.py.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type usage struct {
	Prompt     int64 `json:"prompt_tokens"`
	Completion int64 `json:"completion_tokens"`
}

type failure struct {
	Kind    string `json:"kind"`
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

type seen struct {
	Text  string   `json:"text"`
	Usage *usage   `json:"usage"`
	Error *failure `json:"error"`
}

func main() {
	options := []option.RequestOption{
		option.WithBaseURL(os.Getenv("BASE_URL")),
		option.WithAPIKey(os.Getenv("API_KEY")),
	}
	if os.Getenv("RETRIES") != "default" {
		options = append(options, option.WithMaxRetries(0))
	}
	client := openai.NewClient(options...)
	question := openai.ChatCompletionNewParams{
		Model: "gpt-4o",
		Messages: []openai.ChatCompletionMessageParamUnion{
			openai.UserMessage("How many words are in this question?"),
		},
	}
	var got seen
	var err error
	if os.Getenv("STREAM") == "yes" {
		err = streamed(client, question, &got)
	} else {
		err = plain(client, question, &got)
	}
	if err != nil {
		got.Error = described(err)
	}
	line, _ := json.Marshal(got)
	fmt.Println(string(line))
}

func plain(client openai.Client, question openai.ChatCompletionNewParams, got *seen) error {
	answer, err := client.Chat.Completions.New(context.Background(), question)
	if err != nil {
		return err
	}
	got.Text = answer.Choices[0].Message.Content
	got.Usage = &usage{answer.Usage.PromptTokens, answer.Usage.CompletionTokens}
	return nil
}

func streamed(client openai.Client, question openai.ChatCompletionNewParams, got *seen) error {
	question.StreamOptions.IncludeUsage = openai.Bool(true)
	stream := client.Chat.Completions.NewStreaming(context.Background(), question)
	for stream.Next() {
		chunk := stream.Current()
		if len(chunk.Choices) > 0 {
			got.Text += chunk.Choices[0].Delta.Content
		}
		if chunk.Usage.TotalTokens > 0 {
			got.Usage = &usage{chunk.Usage.PromptTokens, chunk.Usage.CompletionTokens}
		}
	}
	return stream.Err()
}

func described(err error) *failure {
	var refused *openai.Error
	if errors.As(err, &refused) {
		return &failure{"openai.Error", refused.StatusCode, refused.Code, err.Error()}
	}
	return &failure{fmt.Sprintf("%T", err), 0, "", err.Error()}
}

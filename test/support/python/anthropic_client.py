"""The official Python client of Anthropic, unmodified: `anthropic_client.py BASE_URL KEY CHAT_MODEL`."""

import asyncio
import sys
from typing import Literal

import anthropic
from pydantic import BaseModel

from checks import check, fails, run

URL, KEY, MODEL = sys.argv[1:]
PARIS = "Paris is the capital of France."
FRANCE = [{"role": "user", "content": "What is the capital of France?"}]
OSLO = [{"role": "user", "content": "What is the weather in Oslo?"}]
TOOL = {
    "name": "get_weather",
    "description": "Get the weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
# The client's own arguments have no temperature; the wire has.
GREEDY = {"model": MODEL, "max_tokens": 64, "extra_body": {"temperature": 0}}

client = anthropic.Anthropic(base_url=URL, api_key=KEY, max_retries=0)


class City(BaseModel):
    capital: Literal["Paris", "Oslo"]
    large: bool


def text_of(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


@check("gets a message")
def _() -> None:
    message = client.messages.create(**GREEDY, messages=FRANCE, system="You are a helpful assistant.")
    assert message.type == "message" and message.role == "assistant"
    assert message.usage.output_tokens > 0
    assert text_of(client.messages.create(**GREEDY, messages=FRANCE)) == PARIS


@check("streams a message, by its helper and event by event")
def _() -> None:
    with client.messages.stream(**GREEDY, messages=FRANCE) as stream:
        assert "".join(stream.text_stream) == PARIS
        final = stream.get_final_message()
    assert (text_of(final), final.stop_reason) == (PARIS, "end_turn")
    kinds = [event.type for event in client.messages.create(**GREEDY, messages=FRANCE, stream=True)]
    kinds = [kind for kind in kinds if kind != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"], kinds
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"], kinds
    assert set(kinds[2:-3]) == {"content_block_delta"}, kinds


@check("gets messages without waiting, many at once")
def _() -> None:
    async def ask() -> list[str]:
        async with anthropic.AsyncAnthropic(base_url=URL, api_key=KEY, max_retries=0) as other:
            async def one() -> str:
                async with other.messages.stream(**GREEDY, messages=FRANCE) as stream:
                    return text_of(await stream.get_final_message())

            return await asyncio.gather(*[one() for _ in range(4)])

    assert asyncio.run(ask()) == [PARIS] * 4


@check("counts what the prompt will cost")
def _() -> None:
    for more in ({}, {"system": "You are a helpful assistant."}, {"tools": [TOOL]}):
        counted = client.messages.count_tokens(model=MODEL, messages=FRANCE, **more).input_tokens
        usage = client.messages.create(model=MODEL, max_tokens=1, messages=FRANCE, **more).usage
        assert counted == usage.input_tokens + (usage.cache_read_input_tokens or 0) > 0


@check("calls a tool, whole and streamed, and uses its answer")
def _() -> None:
    whole = client.messages.create(**GREEDY, messages=OSLO, tools=[TOOL])
    with client.messages.stream(**GREEDY, messages=OSLO, tools=[TOOL]) as stream:
        streamed = stream.get_final_message()
    for message in (whole, streamed):
        assert message.stop_reason == "tool_use"
        call = next(block for block in message.content if block.type == "tool_use")
        assert (call.name, call.input) == ("get_weather", {"city": "Oslo"})
    call = next(block for block in whole.content if block.type == "tool_use")
    result = {"type": "tool_result", "tool_use_id": call.id, "content": '{"temperature": 20}'}
    thread = [*OSLO, {"role": "assistant", "content": whole.content}, {"role": "user", "content": [result]}]
    answer = client.messages.create(**GREEDY, messages=thread, tools=[TOOL])
    assert text_of(answer) == "It is 20 degrees in Oslo."


@check("is made to call a tool, or not to")
def _() -> None:
    for choice in ({"type": "any"}, {"type": "tool", "name": "get_weather"}):
        message = client.messages.create(**GREEDY, messages=FRANCE, tools=[TOOL], tool_choice=choice)
        assert any(block.type == "tool_use" for block in message.content)
    message = client.messages.create(**GREEDY, messages=FRANCE, tools=[TOOL], tool_choice={"type": "none"})
    assert text_of(message) == PARIS


@check("parses a message into a model of pydantic")
def _() -> None:
    assert isinstance(client.messages.parse(**GREEDY, messages=FRANCE, output_format=City).parsed_output, City)


@check("stops where it shall, and says where")
def _() -> None:
    message = client.messages.create(**GREEDY, messages=FRANCE, stop_sequences=[" of"])
    assert (text_of(message), message.stop_sequence) == ("Paris is the capital", " of")
    assert message.stop_reason == "stop_sequence"


@check("stops reading, and is served again")
def _() -> None:
    story = [{"role": "user", "content": "Tell me a story."}]
    with client.messages.create(model=MODEL, max_tokens=2000, messages=story, stream=True) as stream:
        next(event for event in stream if event.type == "content_block_delta")
    assert text_of(client.messages.create(**GREEDY, messages=FRANCE)) == PARIS


@check("gets an error of the right class")
def _() -> None:
    create = client.messages.create
    wrong = {**GREEDY, "model": "no-such-model"}
    unknown = "model configuration not found"
    missing = fails(anthropic.BadRequestError, lambda: create(**wrong, messages=FRANCE), unknown)
    assert missing.body["error"]["type"] == "invalid_request_error", missing.body
    fails(anthropic.BadRequestError, lambda: list(create(**wrong, messages=FRANCE, stream=True)), unknown)
    fails(anthropic.BadRequestError, lambda: create(**GREEDY, messages="hi"), "messages")
    large = [{"role": "user", "content": "x " * 20_000}]
    fails(anthropic.BadRequestError, lambda: create(**GREEDY, messages=large), "context")
    stranger = client.with_options(api_key="not-it")
    refused = fails(anthropic.AuthenticationError, lambda: stranger.messages.create(**GREEDY, messages=FRANCE), "401")
    assert refused.body["error"]["type"] == "authentication_error", refused.body


run()

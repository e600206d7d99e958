"""The official Python client of OpenAI, unmodified: `openai_client.py BASE_URL KEY CHAT_MODEL EMBEDDING_MODEL`."""

import asyncio
import json
import math
import sys
from typing import Literal

import openai
from pydantic import BaseModel

from checks import check, fails, run

URL, KEY, MODEL, EMBEDDER = sys.argv[1:]
PARIS = "Paris is the capital of France."
FRANCE = [{"role": "user", "content": "What is the capital of France?"}]
OSLO = [{"role": "user", "content": "What is the weather in Oslo?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "get_weather", "description": "Get the weather of a city", "parameters": PARAMETERS}
TOOLS = [{"type": "function", "function": WEATHER}]
RESPONSE_TOOLS = [{"type": "function", "strict": False, **WEATHER}]
GREEDY = {"model": MODEL, "temperature": 0}

client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0)


class City(BaseModel):
    capital: Literal["Paris", "Oslo"]
    large: bool


@check("chats")
def _() -> None:
    answer = client.chat.completions.create(**GREEDY, messages=FRANCE)
    assert answer.choices[0].message.content == PARIS
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0


@check("streams a chat, and counts it when asked")
def _() -> None:
    stream = client.chat.completions.create(
        **GREEDY, messages=FRANCE, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == PARIS
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage.completion_tokens > 0


@check("chats without waiting, many at once")
def _() -> None:
    async def ask() -> list[str]:
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0) as other:
            async def one() -> str:
                stream = await other.chat.completions.create(**GREEDY, messages=FRANCE, stream=True)
                return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

            return await asyncio.gather(*[one() for _ in range(4)])

    assert asyncio.run(ask()) == [PARIS] * 4


@check("calls a tool, whole and streamed, and uses its answer")
def _() -> None:
    whole = client.chat.completions.create(**GREEDY, messages=OSLO, tools=TOOLS)
    with client.chat.completions.stream(**GREEDY, messages=OSLO, tools=TOOLS) as stream:
        kinds = {event.type for event in stream}
        streamed = stream.get_final_completion()
    assert "tool_calls.function.arguments.delta" in kinds, kinds
    for answer in (whole, streamed):
        assert answer.choices[0].finish_reason == "tool_calls"
        call = answer.choices[0].message.tool_calls[0]
        assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Oslo"})
    call = whole.choices[0].message.tool_calls[0]
    told = {"role": "tool", "tool_call_id": call.id, "content": '{"temperature": 20}'}
    answer = client.chat.completions.create(**GREEDY, messages=[*OSLO, whole.choices[0].message, told], tools=TOOLS)
    assert answer.choices[0].message.content == "It is 20 degrees in Oslo."


@check("is made to call a tool, or not to")
def _() -> None:
    choice = {"type": "function", "function": {"name": "get_weather"}}
    for tool_choice in ("required", choice):
        answer = client.chat.completions.create(
            **GREEDY, messages=FRANCE, tools=TOOLS, tool_choice=tool_choice, max_tokens=64
        )
        assert answer.choices[0].message.tool_calls[0].function.name == "get_weather"
    answer = client.chat.completions.create(**GREEDY, messages=FRANCE, tools=TOOLS, tool_choice="none")
    assert answer.choices[0].message.content == PARIS


@check("parses a chat into a model of pydantic")
def _() -> None:
    answer = client.chat.completions.parse(**GREEDY, messages=FRANCE, response_format=City)
    assert isinstance(answer.choices[0].message.parsed, City)


@check("says that the answer was cut")
def _() -> None:
    answer = client.chat.completions.create(**GREEDY, messages=FRANCE, max_completion_tokens=2, stop=["zzz"])
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 2
    fails(
        openai.LengthFinishReasonError,
        lambda: client.chat.completions.parse(**GREEDY, messages=FRANCE, response_format=City, max_tokens=2),
        "length",
    )


@check("gives n answers, and log probabilities")
def _() -> None:
    answer = client.chat.completions.create(
        model=MODEL, messages=FRANCE, seed=7, n=2, logprobs=True, top_logprobs=2, max_tokens=4
    )
    assert [choice.index for choice in answer.choices] == [0, 1]
    for choice in answer.choices:
        assert 0 < len(choice.logprobs.content) <= 4
        assert all(token.logprob <= 0 for token in choice.logprobs.content)


@check("completes, whole and streamed")
def _() -> None:
    request = {**GREEDY, "prompt": "Once", "max_tokens": 6}
    whole = client.completions.create(**request)
    pieces = [chunk.choices[0].text for chunk in client.completions.create(**request, stream=True) if chunk.choices]
    assert whole.choices[0].text == "".join(pieces) != ""


@check("embeds, as floats and as base64")
def _() -> None:
    words = ["hello", "world"]
    floats = client.embeddings.create(model=EMBEDDER, input=words, encoding_format="float")
    # The client asks for base64 by itself and decodes it.
    decoded = client.embeddings.create(model=EMBEDDER, input=words)
    for one, other in zip(floats.data, decoded.data, strict=True):
        assert math.isclose(sum(value * value for value in one.embedding), 1, abs_tol=1e-3)
        assert all(math.isclose(a, b, abs_tol=1e-5) for a, b in zip(one.embedding, other.embedding, strict=True))


@check("lists models and tells of one")
def _() -> None:
    assert {MODEL, EMBEDDER} <= {model.id for model in client.models.list()}
    assert client.models.retrieve(MODEL).id == MODEL


@check("responds, goes on, and lists what was said")
def _() -> None:
    first = client.responses.create(**GREEDY, input="What is the capital of France?", metadata={"a": "b"})
    assert (first.output_text, first.status, first.metadata) == (PARIS, "completed", {"a": "b"})
    assert first.usage.total_tokens == first.usage.input_tokens + first.usage.output_tokens
    assert client.responses.retrieve(first.id).output_text == PARIS
    assert [item.role for item in client.responses.input_items.list(first.id)] == ["user"]
    second = client.responses.create(**GREEDY, input="Say hello.", previous_response_id=first.id)
    assert second.status == "completed"
    assert second.usage.input_tokens > first.usage.input_tokens
    client.responses.delete(first.id)
    fails(openai.NotFoundError, lambda: client.responses.retrieve(first.id), first.id)


@check("streams a response")
def _() -> None:
    with client.responses.stream(**GREEDY, input="What is the capital of France?") as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text == PARIS
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == PARIS


@check("streams a response of the background, and reads it again")
def _() -> None:
    stream = client.responses.create(
        **GREEDY, input="What is the capital of France?", background=True, stream=True, max_output_tokens=64
    )
    events = list(stream)
    final = events[-1]
    assert (final.type, final.response.output_text) == ("response.completed", PARIS)
    again = list(client.responses.retrieve(final.response.id, stream=True, starting_after=2))
    assert [event.sequence_number for event in again] == list(range(3, len(events)))


@check("responds with a call of a tool, whole and streamed, and uses its answer")
def _() -> None:
    request = {**GREEDY, "input": OSLO, "tools": RESPONSE_TOOLS}
    whole = client.responses.create(**request)
    with client.responses.stream(**request) as stream:
        streamed = stream.get_final_response()
    for response in (whole, streamed):
        call = next(item for item in response.output if item.type == "function_call")
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Oslo"})
    call = next(item for item in whole.output if item.type == "function_call")
    told = {"type": "function_call_output", "call_id": call.call_id, "output": '{"temperature": 20}'}
    second = client.responses.create(**{**request, "input": [told]}, previous_response_id=whole.id)
    assert second.output_text == "It is 20 degrees in Oslo."


@check("parses a response into a model of pydantic")
def _() -> None:
    response = client.responses.parse(**GREEDY, input=FRANCE, text_format=City)
    assert isinstance(response.output_parsed, City)


@check("responds in the background, and is cancelled")
def _() -> None:
    response = client.responses.create(
        model=MODEL, input="Tell me a story.", background=True, max_output_tokens=1500, temperature=2
    )
    assert response.status in ("queued", "in_progress")
    assert client.responses.cancel(response.id).status in ("cancelled", "completed")


@check("stops reading, and is served again")
def _() -> None:
    request = {"model": MODEL, "messages": [{"role": "user", "content": "Tell me a story."}], "max_tokens": 2000}
    with client.chat.completions.create(**request, stream=True) as stream:
        next(iter(stream))
    assert client.chat.completions.create(**GREEDY, messages=FRANCE).choices[0].message.content == PARIS


@check("gets an error of the right class")
def _() -> None:
    chat = client.chat.completions
    fails(openai.BadRequestError, lambda: chat.create(model="no-such-model", messages=FRANCE), "no-such-model")
    fails(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"), "no-such-model")
    fails(openai.BadRequestError, lambda: chat.create(**GREEDY, messages=FRANCE, n="x"), "n")
    large = [{"role": "user", "content": "x " * 20_000}]
    fails(openai.BadRequestError, lambda: chat.create(**GREEDY, messages=large), "context")
    fails(openai.BadRequestError, lambda: list(chat.create(**GREEDY, messages=large, stream=True)), "context")
    missing = f"resp_0000000000_{'0' * 32}"
    fails(openai.NotFoundError, lambda: client.responses.retrieve(missing), missing)
    fails(openai.BadRequestError, lambda: client.responses.create(**GREEDY, input=7), "input")
    unknown = "model configuration not found"
    fails(openai.BadRequestError, lambda: client.responses.create(model="no-such-model", input="hi"), unknown)
    stranger = client.with_options(api_key="not-it")
    fails(openai.AuthenticationError, lambda: stranger.chat.completions.create(**GREEDY, messages=FRANCE), "401")
    fails(openai.AuthenticationError, lambda: stranger.responses.create(**GREEDY, input="hi"), "401")


@check("is told what to install for what no model does")
def _() -> None:
    fails(openai.BadRequestError, lambda: client.images.generate(prompt="a cat"), "backends install")
    fails(
        openai.BadRequestError,
        lambda: client.audio.speech.create(model="", voice="alloy", input="hello"),
        "backends install",
    )
    fails(
        openai.BadRequestError,
        lambda: client.audio.transcriptions.create(model="", file=("talk.wav", b"RIFF")),
        "backends install",
    )


run()

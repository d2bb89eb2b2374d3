"""The server of llama.cpp on a model made on the spot; run by an interpreter that has xllamacpp.

The model has random weights from a fixed seed, two layers and a token for each byte: what it
answers makes no sense, but is the same every time.
"""

from __future__ import annotations

import argparse
import signal
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_WIDTH: Final = 64
_INNER: Final = 128
_HEADS: Final = 4
_LAYERS: Final = 2
_CONTEXT: Final = 16384
_SEED: Final = 1
_SPECIAL: Final = ("<unk>", "<s>", "</s>")
_MODEL: Final = "interop"
_TEMPLATE: Final = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"
)


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--key", required=True)
    given = parser.parse_args()
    _write_model(given.model)
    xllamacpp: Any = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(given.model)
    params.model_alias = {_MODEL}
    params.hostnames = [given.host]
    params.port = given.port
    params.api_keys = [given.key]
    params.n_ctx = _CONTEXT
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.cpuparams.n_threads = 1
    params.warmup = False
    # Or the second of two same questions is counted as cached.
    params.cache_prompt = False
    params.use_jinja = True
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - what its log begins with.
    signal.pause()


def _write_model(path: Path) -> None:
    gguf: Any = import_module("gguf")
    numpy: Any = import_module("numpy")
    kinds = gguf.TokenType
    tokens = [*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))]
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL] + [kinds.BYTE] * 256

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(_MODEL)
    writer.add_context_length(_CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_LAYERS)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(_TEMPLATE)

    random = numpy.random.default_rng(_SEED)
    shapes = {"token_embd": (len(tokens), _WIDTH), "output": (len(tokens), _WIDTH)}
    norms = ["output_norm"]
    for layer in range(_LAYERS):
        at = f"blk.{layer}."
        norms += [f"{at}attn_norm", f"{at}ffn_norm"]
        shapes |= {f"{at}attn_{part}": (_WIDTH, _WIDTH) for part in ("q", "k", "v", "output")}
        shapes |= {f"{at}ffn_{part}": (_INNER, _WIDTH) for part in ("gate", "up")}
        shapes[f"{at}ffn_down"] = (_WIDTH, _INNER)
    for name, shape in shapes.items():
        values = random.standard_normal(shape, dtype=numpy.float32)
        writer.add_tensor(f"{name}.weight", values)
    for name in norms:
        writer.add_tensor(f"{name}.weight", numpy.ones(_WIDTH, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()

"""`mlx_lm.server` on a model made on the spot; run by an interpreter that has mlx-lm.

The model has random weights from a fixed seed, two layers and a token for each byte, and none that
ends an answer: what it answers makes no sense, but is the same every time and as long as asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Final

_CONFIG: Final = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "rms_norm_eps": 1e-5,
    "vocab_size": 256,
    "tie_word_embeddings": False,
}
_SEED: Final = 1
_TEMPLATE: Final = (
    "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:"
)
#: The server takes a model's name for its folder.
_NAMES: Final = ("interop", "slow")


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True)
    given = parser.parse_args()
    os.chdir(given.directory)
    # What it lists as models are those downloaded before: none, and nothing is downloaded.
    hub = Path("huggingface", "hub").absolute()
    hub.mkdir(parents=True, exist_ok=True)
    os.environ |= {"HF_HOME": str(hub.parent), "HF_HUB_OFFLINE": "1"}
    for name in _NAMES:
        _write_model(Path(name))
    # Without a cache of prompts, or the second of two same questions is counted as cached.
    options = ["--prompt-cache-size", "0", "--max-tokens", "100000"]
    sys.argv = ["mlx_lm.server", "--model", _NAMES[0], *options]
    sys.argv += ["--host", given.host, "--port", given.port]
    server: Any = import_module("mlx_lm.server")
    server.main()


def _write_model(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    mlx: Any = import_module("mlx.core")
    flatten: Any = import_module("mlx.utils").tree_flatten
    llama: Any = import_module("mlx_lm.models.llama")
    mlx.random.seed(_SEED)
    weights = dict(flatten(llama.Model(llama.ModelArgs(**_CONFIG)).parameters()))
    mlx.save_safetensors(str(folder / "model.safetensors"), weights)
    (folder / "config.json").write_text(json.dumps(_CONFIG))
    _write_tokenizer(folder)


def _write_tokenizer(folder: Path) -> None:
    tokenizers: Any = import_module("tokenizers")
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    ids = {letter: at for at, letter in enumerate(alphabet)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=ids, merges=[]))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "chat_template": _TEMPLATE}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


if __name__ == "__main__":
    main()

"""The loaded model that all stages share."""

import threading
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from model.network.anatomy import Anatomy
from model.records.run import ModelCard
from model.tokens.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A model that is ready to be explored. Whoever runs a forward pass holds `lock`."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    vocabulary: Vocabulary
    anatomy: Anatomy
    card: ModelCard
    lock: threading.Lock

    @property
    def device(self) -> torch.device:
        return self.anatomy.embed_weight.device

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the weights."""
        return self.anatomy.embed_weight.dtype

    def nbytes(self) -> int:
        """Size of the weights and buffers in bytes, each tensor counted once."""
        tensors = (*self.model.parameters(), *self.model.buffers())
        return sum(t.nbytes for t in {id(t): t for t in tensors}.values())

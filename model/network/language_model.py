"""What is loaded once and looked at by every stage."""

import threading
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from model.network.anatomy import Anatomy
from model.records.run import ModelCard
from model.tokens.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class LanguageModel:
    """A model that is ready to be walked through. `lock` is held by whoever runs a forward pass."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    vocabulary: Vocabulary
    anatomy: Anatomy
    card: ModelCard
    lock: threading.Lock

    @property
    def device(self) -> torch.device:
        return self.anatomy.embed.weight.device

    def nbytes(self) -> int:
        """Bytes of the weights, each counted once."""
        tensors = (*self.model.parameters(), *self.model.buffers())
        return sum(t.nbytes for t in {id(t): t for t in tensors}.values())

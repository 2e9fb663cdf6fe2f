"""Models of other families with random weights and the bundled tokenizer, small enough to build in a test."""

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from model.capture import capture
from model.loading.load import assemble
from model.network.language_model import LanguageModel

SIZES = {
    "num_hidden_layers": 2,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "max_position_embeddings": 128,
}

# Latent attention (MLA), and routed experts.
LATENT = {
    "num_key_value_heads": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_group": 2,
    "topk_group": 1,
    "moe_intermediate_size": 32,
    "first_k_dense_replace": 1,
    "q_lora_rank": 32,
    "kv_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
}


def tiny_lm(family: str, tokenizer, attention: str = capture.SDPA, **settings) -> LanguageModel:
    """A model of a family with random weights from seed 0, with captured attention."""
    capture.register()
    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **SIZES, vocab_size=len(tokenizer), **settings)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention)
    # New norms are all ones and biases are zero, which would hide mistakes.
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3 if parameter.ndim < 2 else 0.08)
    lm = assemble(model.float(), tokenizer, f"tiny {family}")
    assert lm.card.n_parameters < 8_000_000, "not tiny: the config's size names differ"
    assert lm.card.n_layers == 2
    return lm

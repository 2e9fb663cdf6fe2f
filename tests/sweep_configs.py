"""Tiny configs for any causal-LM family: its own default config with small sizes.

Sizes are recognised by name. Other constraints (sums that must agree, periods of a hybrid's layers) are in OWN.
"""

from typing import Any

from transformers import AutoConfig, PreTrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

N_LAYERS, MOST_LAYERS = 2, 4
WIDTH, HEADS, KV_HEADS, HEAD, MLP, LENGTH, WINDOW = 64, 4, 2, 16, 96, 128, 8
EXPERTS, TOP_EXPERTS = 4, 2

# The names of each size.
NAMES = (
    (
        WIDTH,
        "hidden_size n_embd d_model dim emb_dim embedding_dim embedding_size word_embed_proj_dim lru_width "
        "input_embedding_size output_embedding_size attention_hidden_size out_hidden_size embed_dim",
    ),
    (
        HEADS,
        "num_attention_heads n_head n_heads num_heads attention_heads decoder_attention_heads encoder_attention_heads "
        "num_encoder_attention_heads num_decoder_attention_heads swa_num_attention_heads linear_num_heads "
        "linear_num_value_heads index_n_heads",
    ),
    (
        KV_HEADS,
        "num_key_value_heads num_kv_heads swa_num_key_value_heads num_query_groups num_global_key_value_heads "
        "linear_num_key_heads",
    ),
    (
        HEAD,
        "head_dim d_head dim_head kv_channels v_head_dim qk_nope_head_dim swa_head_dim attention_head_size "
        "attention_head_dim index_head_dim linear_head_dim linear_key_head_dim linear_value_head_dim global_head_dim "
        "mamba_d_head mamba_head_dim kv_lora_rank chunk_size mamba_chunk_size local_attention patch_size",
    ),
    (
        MLP,
        "intermediate_size ffn_dim ffn_hidden_size decoder_ffn_dim encoder_ffn_dim dff dim_ff d_inner n_inner "
        "moe_intermediate_size dense_intermediate_size shared_intermediate_size shared_expert_intermediate_size "
        "shared_experts_intermediate_size moe_shared_expert_intermediate_size expert_ffn_hidden_size "
        "intermediate_size_mlp feed_forward_size",
    ),
    (EXPERTS, "num_experts num_local_experts n_routed_experts moe_num_experts"),
    (TOP_EXPERTS, "num_experts_per_tok moe_topk moe_top_k num_experts_per_token moe_k top_k_experts"),
    (
        LENGTH,
        "max_position_embeddings n_positions n_ctx max_seq_len context_length max_target_positions model_max_length "
        "original_max_position_embeddings max_source_positions",
    ),
    (
        WINDOW,
        "sliding_window sliding_window_size attention_window_size window_size state_size mamba_d_state ssm_state_size "
        "mamba_n_heads mamba_num_heads index_topk hidden_size_per_layer_input rotary_dim",
    ),
    (0, "num_nextn_predict_layers num_mtp_layers pad_token_id"),
)
LAYERS = (
    "num_hidden_layers",
    "n_layer",
    "n_layers",
    "num_layers",
    "num_blocks",
    "decoder_layers",
    "encoder_layers",
    "num_decoder_layers",
    "num_encoder_layers",
    "depth",
)

SMALL: dict[str, Any] = {
    **{name: value for value, names in NAMES for name in names.split()},
    "qk_rope_head_dim": 8,
    "qk_head_dim": HEAD + 8,
    "q_lora_rank": 32,
    "o_lora_rank": 32,
    "n_group": 2,
    "topk_group": 1,
    "num_expert_group": 2,
    "first_k_dense_replace": 1,
    "mamba_dt_rank": 4,
    "time_step_rank": 4,
    "image_size": 32,
    "is_decoder": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
}

# Several layers share the weights of one attention block, which reads the stream and the embedding.
ZAMBA: dict[str, Any] = {
    "layers_block_type": ["linear_attention", "hybrid"] * 2,
    "num_hidden_layers": 4,
    "num_key_value_heads": HEADS,
    "attention_hidden_size": 2 * WIDTH,
    "attention_head_dim": 2 * WIDTH // HEADS,
}

# What a family needs beyond sizes by name: values that must agree with each other in its code.
OWN: dict[str, dict[str, Any]] = {
    "bamba": {"attn_layer_indices": [1]},
    "blt": {"encoder_hash_byte_group_vocab": 64},
    "cohere_compass_text": {
        "rope_parameters": {
            kind: {"rope_type": "default", "rope_theta": 10_000.0} for kind in ("full_attention", "sliding_attention")
        },
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "dbrx": {"attn_config": {"kv_n_heads": 2, "clip_qkv": 8.0, "rope_theta": 10_000.0}},
    "dots1": {
        "n_routed_experts": EXPERTS,
        "moe_intermediate_size": MLP,
        "num_experts_per_tok": 2,
        "n_shared_experts": 1,
    },
    "deepseek_v2": {"num_experts_per_tok": TOP_EXPERTS},
    "dots3_note": {"text_config": {"num_key_value_heads": HEADS}},
    "dots3_note_text": {"num_key_value_heads": HEADS},
    "falcon_h1": {"mamba_d_ssm": 128},
    "gemma3n_text": {"num_kv_shared_layers": 0},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]]},
    "granitemoehybrid": {"layer_types": ["linear_attention", "full_attention"], "num_hidden_layers": 2},
    "hunyuan_v1_dense": {"head_dim": HEAD},
    "hunyuan_v1_moe": {"head_dim": HEAD, "num_experts": 4, "moe_topk": 2},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "num_hidden_layers": 2},
    "lfm2": {"layer_types": ["conv", "full_attention"], "full_attn_idxs": [1], "num_hidden_layers": 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"], "num_dense_layers": 1},
    "longcat_flash": {"zero_expert_num": 2, "n_routed_experts": 4},
    "mamba2": {"num_heads": 8, "head_dim": HEAD},
    "ministral": {"head_dim": HEAD},
    "nemotron": {"num_key_value_heads": KV_HEADS},
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": HEAD,
        "indexer_budget": 8,
        "indexer_compress_ratio": 4,
        "ple_embed_dim": HEAD,
        "ngram_vocab_size_base": 64,
    },
    "recurrent_gemma": {"num_hidden_layers": 3},
    "reformer": {"axial_pos_embds_dim": [16, 48], "axial_pos_shape": [8, 16]},
    "roc_bert": {"shape_embed_dim": 16, "shape_vocab_size": 64, "pronunciation_embed_dim": 16},
    "xmod": {"default_language": "en_XX"},
    "zamba": ZAMBA,
    "zamba2": ZAMBA
    | {"mamba_headdim": HEAD, "n_mamba_heads": 8, "hybrid_layer_ids": [1, 3], "num_query_groups": HEADS},
    "zaya": {"num_experts_per_tok": 1},
}


def tiny_config(family: str, n_vocab: int) -> PreTrainedConfig:
    """The config of a family with a few narrow layers and this vocabulary size. Raises what its class raises."""
    settings = _small(CONFIG_MAPPING[family], n_vocab)
    for name, value in OWN.get(family, {}).items():
        inside = isinstance(settings.get(name), dict) and "model_type" in settings[name]
        settings[name] = settings[name] | value if inside else value
    return AutoConfig.for_model(family, **settings)


def _small(cls: type[PreTrainedConfig], n_vocab: int, first: dict[str, Any] | None = None) -> dict[str, Any]:
    """Settings for a config class: small values for the sizes of its default, and shortened lists of layers."""
    default = cls(**(first or {}))
    own = {**vars(default)}
    n_default = next((own[name] for name in LAYERS if isinstance(own.get(name), int)), 0)
    places = _places([v for v in own.values() if isinstance(v, list | tuple) and len(v) == n_default and n_default])
    settings: dict[str, Any] = {}
    # If only a part of a head is rotated, some configs have the width of that part as head_dim.
    turned = own.get("qk_rope_head_dim")
    # Latent attention has one key and value head per query head.
    latent = {"num_key_value_heads": HEADS} if own.get("kv_lora_rank") else {}
    small = SMALL | latent
    for name, value in own.items():
        if name in LAYERS and isinstance(value, int):
            settings[name] = len(places)
        elif name in small and value is not None and not isinstance(value, list | tuple | dict):
            settings[name] = small["qk_rope_head_dim" if name == "head_dim" and value == turned else name]
        elif name.startswith(("vocab_size", "decoder_vocab_size", "unpadded_vocab_size")) and value is not None:
            settings[name] = n_vocab
        elif name.endswith(("_token_id", "_token_index")) and isinstance(value, int) and value >= n_vocab:
            settings[name] = n_vocab - 1
        elif isinstance(value, list | tuple) and len(value) == n_default and n_default:
            settings[name] = [value[place] for place in places]
        elif isinstance(value, PreTrainedConfig):
            settings[name] = {"model_type": value.model_type} | _small(type(value), n_vocab)
    return settings


def _places(lists: list) -> list[int]:
    """The layers of the default that are kept: one of each kind, in order."""
    kinds: dict[tuple, int] = {}
    for place, kind in enumerate(zip(*lists, strict=True)):
        kinds.setdefault(tuple(map(str, kind)), place)
    kept = sorted(kinds.values())[:MOST_LAYERS]
    return kept if len(kept) >= N_LAYERS else list(range(N_LAYERS))

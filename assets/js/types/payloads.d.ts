// Made by `python -m tools.payload_types` from the types of the answers in viz/: do not edit.
// A number that is not finite arrives as null.

declare namespace Payload {
  interface Views {
    architecture: ArchitectureAnswer;
    attention_overview: AttentionOverview;
    attention_position: PositionAnswer;
    attention_tile: AttentionTileAnswer;
    bertviz: BertvizAnswer;
    cache_costs: CacheCosts;
    cache_sizes: CacheSizes;
    card: CardAnswer;
    code: CodeAnswer;
    detokenize: Detokenization;
    drafts: DraftsAnswer;
    embed_dot_product: DotProduct;
    embed_map: EmbedMapAnswer;
    embed_nearest: NearestAnswer;
    embed_positions: PositionsAnswer;
    embed_rows: Embeddings;
    embed_similarity: Similarity;
    encode: EncodeAnswer;
    head_checks: HeadChecksAnswer;
    head_scores: HeadScoresAnswer;
    kv_cache: KVCacheRecord;
    latency: Latency;
    layers_attribution: AttributionAnswer;
    layers_lens: LensAnswer;
    layers_neurons: NeuronsAnswer;
    layers_residual: ResidualStream;
    logits: LogitsAnswer;
    model_look: Inspection;
    models: ModelsAnswer;
    one_head: OneHead;
    prefill_checks: RunChecks;
    run: RunAnswer;
    step_checks: StepChecksAnswer;
    tokenize_languages: LanguagesAnswer;
    tokenize_merges: MergesAnswer;
    tokenize_path: Path;
    tokenize_seen: SeenAnswer;
    tokenize_shares: SharesAnswer;
    whatif: WhatIf;
  }

  interface Jobs {
    batching: BatchingAnswer;
    beams: BeamsAnswer;
    cache_race: RaceAnswer;
    cache_variant: Variant;
    length_sweep: LengthSweep;
    open_run_file: OpenedRun;
    roofline: RooflineRun;
    routing: Routing;
    run_file: RunFileAnswer;
    speculate: SpeculateAnswer;
    stage_times: StageTimes;
    surprisal: SurprisalAnswer;
    throughput: Throughput;
  }

  type Standing = ProgressMessage | RunMessage | JobMessage | DoneMessage | ErrorMessage;

  interface ArchitectureAnswer {
    card: ModelCard;
    kinds: BlockKind[];
    embed_norm: string;
    final_norm: string;
    facts: ModelFacts;
    parameters: PartsTable;
  }

  interface AttentionOverview {
    layer_start: number;
    layer_stop: number;
    block: number;
    rule: string;
    n_positions: number;
    thumbnails: Packed;
  }

  interface AttentionTileAnswer {
    layer: number;
    head: number;
    query_start: number;
    query_stop: number;
    key_start: number;
    key_stop: number;
    block: number;
    rule: string;
    pattern: Packed;
    first_seen: Packed;
    exact: boolean;
  }

  interface AttributionAnswer {
    position: number;
    token: ShownToken;
    against: ShownToken | null;
    logit: number;
    total: number;
    softcap: number | null;
    embedding: number;
    constant: number;
    attention: Packed;
    mlp: Packed;
    attention_total: number;
    mlp_total: number;
    heads: Packed;
    beside_heads: Packed;
    without_heads: string;
    largest: LogitShare[];
    candidates: ShownToken[];
    candidate_logits: Packed;
    note: WindowNote;
    checks: Check[];
  }

  interface BatchPoint {
    batch: number;
    step: number;
    rate: number;
    equal: boolean;
    cache_bytes: number;
    dot: RooflinePoint;
  }

  interface BatchingAnswer {
    static: BatchingResultAnswer | null;
    continuous: BatchingResultAnswer | null;
    reason: string;
  }

  interface BatchingResultAnswer {
    kind: string;
    served: ServedAnswer[];
    steps: Step[];
    seconds: number;
    rate: number;
    wasted: number;
    n_blocks: number;
    block_size: number;
  }

  interface BeamBranch {
    key: string;
    recipe: RecipeAnswer;
    tokens: BranchToken[];
    text: string;
    stop: 'eos' | 'limit';
    score: number;
  }

  interface BeamsAnswer {
    beams: BeamBranch[];
    ms: number;
    check: Check;
  }

  interface BertvizAnswer {
    html: string;
    layers: number[];
    start: number;
    stop: number;
    n_positions: number;
    note: string;
  }

  interface BlockInput {
    scale: number;
    widened: boolean;
    check: Check;
  }

  interface BlockKind {
    layers: number[];
    mixers: Mixer[];
    mlp: Mlp | null;
    norms: NormPlace[];
    parallel: boolean;
    n_parameters: number;
  }

  interface BranchToken {
    id: number;
    token: Token;
    probability: number;
    surprisal: number;
    forced: boolean;
  }

  interface CacheCosts {
    n_prompt: number;
    parameter_bytes: number;
    weight_bytes: number[];
    cached_flops: number[];
    full_flops: number[];
    cache_bytes: number[];
    quantised: [string, boolean][];
    checks: Check[];
  }

  interface CacheShape {
    name: string;
    kind: string;
    n_layers: number;
    n_heads: number;
    n_kv_heads: number;
    d_head: number;
    dtype: string;
    context: number;
    window: number | null;
    windowed_layers: number;
    latent: number | null;
    d_value: number;
    layers: [number, number][];
    model_id: string;
  }

  interface CacheSize {
    shape: CacheShape;
    bytes_per_token: number;
    bytes: number;
    fits: boolean;
  }

  interface CacheSizes {
    sizes: CacheSize[];
  }

  interface CardAnswer {
    model_id: string;
    revision: string;
    family: string;
    n_layers: number;
    n_heads: number;
    n_kv_heads: number;
    d_model: number;
    d_embed: number;
    d_head: number;
    d_mlp: number;
    n_vocab: number;
    n_parameters: number;
    n_active: number;
    context: number;
    dtype: string;
    device: string;
    position_kind: string;
    tied_embeddings: boolean;
    has_chat_template: boolean;
    tokenizer_kind: string;
    eos_token_ids: number[];
    checks: Check[];
    streamed_maps: boolean;
    attention_layers: number[];
    d_value: number;
    kv_latent: number;
    cache_layers: [number, number][];
    uncached: string;
    limits: Limits;
  }

  interface CharacterShare {
    character: string;
    first: number;
    last: number;
    of: number;
  }

  interface Check {
    name: string;
    error: number;
    tolerance: number;
    how: string;
    made: boolean;
    passed: boolean;
  }

  interface Choices {
    devices: string[];
    dtypes: string[];
    default_device: string;
    default_dtypes: Record<string, string>;
  }

  interface CodeAnswer {
    functions: SourceCode[];
  }

  interface ComparisonAnswer {
    n_steps: number;
    n_compared: number;
    same_prompt: boolean;
    first_difference: number | null;
    max_probability_difference: number;
    same_logits: number;
    n_candidates: number;
    differing: [string, string, string][];
    same_tokens: boolean;
  }

  interface Detokenization {
    start: number;
    n_tokens: number;
    joined: TextPart[];
    text: string;
    waiting: number[];
    decoded: string;
    n_checked: number;
    n_equal: number;
  }

  interface DoneMessage {
    kind: 'done';
  }

  interface DotProduct {
    layer: number;
    head: number;
    kv_head: number;
    query: number;
    key: number;
    distance: number;
    scaling: number;
    score: number;
    scores: Packed;
    contributions: Packed;
    unrotated: number;
    check: Check;
  }

  interface DraftChoice {
    kind: string;
    reason: string;
  }

  interface DraftsAnswer {
    drafts: DraftChoice[];
    n_layers: number;
  }

  interface EmbedMapAnswer {
    tokens: Token[];
    positions: number[][];
    links: number[][];
    n_prompt_all: number;
    components: Packed;
    explained: number[];
    distance_error: number;
  }

  interface Embeddings {
    start: number;
    n_positions: number;
    rows: Packed;
    norms: Packed;
    low: number;
    high: number;
    typical: number;
    vocabulary_norm: number;
  }

  interface EncodeAnswer {
    tokens: Token[];
  }

  interface ErrorMessage {
    error: string;
    reason: 'stopped' | 'evicted' | 'starting' | 'refused' | 'unexpected';
    kind: 'error';
  }

  interface Estimate {
    machine: Machine;
    model: ModelSize;
    weight_bits: number;
    cache_bits: number;
    n_prompt: number;
    n_context: number;
    n_users: number;
    weight_bytes: number;
    kv_bytes: number;
    kv_bytes_per_token: number;
    memory_bytes: number;
    weights_fit: boolean;
    fits: boolean;
    max_users: number;
    prefill_flops: number;
    ttft: number;
    step_reading: number;
    step_computing: number;
    itl: number;
    rate: number;
  }

  interface Example {
    id: string;
    title: string;
    note: string;
    recipe: Partial<Recipe>;
  }

  interface ExtraCandidate {
    token: Token;
    share: number;
    p: number;
    q: number | null;
  }

  interface Failure {
    error: string;
    reason: 'stopped' | 'evicted' | 'starting' | 'refused' | 'unexpected';
  }

  interface HeadChecksAnswer {
    checks: Record<string, Check>;
    seconds: number;
  }

  interface HeadPart {
    entry: Packed;
    changed: boolean;
    part: Packed;
    w_o_out: Packed;
    norms: Packed;
    shares: Packed;
    w_o_out_norm: number;
    bias_share: number;
  }

  interface HeadScoresAnswer {
    layer_start: number;
    layer_stop: number;
    n_positions: number;
    n_repeats: number;
    scores: ScoresByName;
    checks: Check[];
  }

  interface Inspection {
    name: string;
    revision: string;
    family: string;
    n_layers: number;
    n_parameters: number;
    context: number;
    licence: string;
    has_chat_template: boolean;
    device: string;
    dtype: string;
    download_bytes: number;
    memory_bytes: number;
    free_bytes: number;
  }

  interface JobMessage {
    kind: 'job';
    found: unknown;
  }

  interface JudgedProposal {
    token: Token;
    q: number;
    p: number;
    accept: number;
    draw: number | null;
    accepted: boolean;
    judged: boolean;
    by_draft: number | null;
    by_target: number;
    overlap: number;
  }

  interface KVCacheRecord {
    layers: LayerCache[];
    bytes: number;
    bytes_per_token: number;
    bytes_without_sharing: number;
    n_positions: number;
    n_heads: number;
    n_kv_heads: number;
    checks: Check[];
  }

  interface LanguageCount {
    code: string;
    name: string;
    text: string;
    n_characters: number;
    n_bytes: number;
    n_tokens: number;
    n_unknown: number;
    tokens_per_character: number;
    factor: number;
  }

  interface LanguagesAnswer {
    languages: LanguageCount[];
  }

  interface LargestWeights {
    positions: number[];
    weights: number[];
    total: number;
  }

  interface Latency {
    n_prompt: number;
    n_tokens: number;
    ttft: number | null;
    itl: number[];
    itl_p50: number | null;
    itl_p95: number | null;
    end_to_end: number;
    prefill_rate: number | null;
    decode_rate: number | null;
  }

  interface LayerCache {
    layer: number;
    key_shape: number[];
    value_shape: number[];
    dtype: string;
    bytes: number;
    window: number | null;
  }

  interface LearnedPositions {
    positions: Packed;
    step: number;
    n_rows: number;
    offset: number;
    norms: Packed;
    cosine: Packed;
    selected: number;
    selected_row: Packed;
    check: Check;
  }

  interface LengthPoint {
    n: number;
    prefill: number;
    step: number;
    prefill_bound: number;
    step_bound: number;
    n_repeats: number;
    n_steps: number;
  }

  interface LengthSweep {
    points: LengthPoint[];
    roofline: Roofline;
    ended: string;
  }

  interface LensAnswer {
    row_start: number;
    row_stop: number;
    n_rows: number;
    top_ids: Packed;
    top_probability: Packed;
    entropy: Packed;
    target: Packed;
    target_probability: Packed;
    target_rank: Packed;
    vocabulary: number;
    note: WindowNote;
    checks: Check[];
    texts: Record<number, string>;
    partial: Record<number, number[]>;
    special: number[];
  }

  interface Limits {
    max_prompt_tokens: number;
    max_new_tokens: number;
  }

  interface LoadedModel {
    title: string;
    device: string;
    dtype: string;
    n_bytes: number;
    has_chat_template: boolean;
    is_current: boolean;
    model: string;
    revision: string;
    asked_device: string;
    asked_dtype: string;
  }

  interface LogitShare {
    kind: string;
    layer: number | null;
    head: number | null;
    share: number;
  }

  interface LogitsAnswer {
    step: number;
    logits: Packed;
  }

  interface LogitsSummary {
    step: number;
    sha256: string;
    largest: number;
    largest_id: number;
    log_sum_exp: number;
  }

  interface Lost {
    what: 'prompt' | 'system' | 'text';
    how: 'dropped' | 'changed' | 'trimmed' | 'unused' | 'unknown';
    n: number;
    start: string;
  }

  interface Machine {
    name: string;
    memory_bytes: number;
    bandwidth: number;
    flops: number;
    source: string;
  }

  interface MergeAnswer {
    at: number;
    rank: number;
    parts: number[];
  }

  interface MergesAnswer {
    written: string;
    text: string;
    kind: string;
    reason: string;
    whole: boolean;
    start: number[];
    merges: MergeAnswer[];
    ids: number[];
    own_ids: number[];
    equal: boolean;
    entries: Token[];
  }

  interface Mixer {
    kind: string;
    module: string;
    heads: string;
    n_heads: number;
    n_kv_heads: number;
    d_head: number;
    d_value: number;
    latent: number;
    window: number;
    chunked: boolean;
    position: string;
    rotated: number;
    qk_norm: boolean;
    sinks: boolean;
    softcap: number;
  }

  interface Mlp {
    kind: string;
    module: string;
    activation: string;
    d_hidden: number;
    n_experts: number;
    n_chosen: number;
    d_shared: number;
  }

  interface ModelCard {
    model_id: string;
    revision: string;
    family: string;
    n_layers: number;
    n_heads: number;
    n_kv_heads: number;
    d_model: number;
    d_embed: number;
    d_head: number;
    d_mlp: number;
    n_vocab: number;
    n_parameters: number;
    n_active: number;
    context: number;
    dtype: string;
    device: string;
    position_kind: string;
    tied_embeddings: boolean;
    has_chat_template: boolean;
    tokenizer_kind: string;
    eos_token_ids: number[];
    checks: Check[];
    streamed_maps: boolean;
    attention_layers: number[];
    d_value: number;
    kv_latent: number;
    cache_layers: [number, number][];
    uncached: string;
  }

  interface ModelFacts {
    licence: string;
    licence_from: string;
    n_tokens: number;
    bos: string;
    eos: string[];
    rope: Rope[];
    logit_softcap: number;
    embed_scale: number;
    bytes: number;
  }

  interface ModelSize {
    name: string;
    model_id: string;
    n_parameters: number;
    n_active: number;
    cache: CacheShape;
  }

  interface ModelsAnswer {
    listed: OfferedModel[];
    others: string[];
    free: boolean;
    paths: boolean;
    held: LoadedModel[];
    choices: Choices;
  }

  interface MovedToken {
    id: number;
    text: string;
    partial: boolean;
    bytes: number[];
    special: boolean;
    by: number;
  }

  interface NearestAnswer {
    token: Token;
    neighbours: Token[];
    cosine: number[];
    vocabulary: number;
  }

  interface NeuronAnswer {
    index: number;
    activation: number;
    gate: number | null;
    up: number | null;
    direction: number;
    effect: number;
    promotes: MovedToken[];
    suppresses: MovedToken[];
  }

  interface NeuronsAnswer {
    layer: number;
    position: number;
    token: ShownToken;
    n_neurons: number;
    n_active: number;
    share: number;
    function: string;
    gated: boolean;
    neurons: NeuronAnswer[];
    note: WindowNote;
    checks: Check[];
  }

  interface NormPlace {
    kind: string;
    place: string;
  }

  interface OfferedModel {
    id: string;
    parameters: number;
    licence: string;
    kinds: string[];
    shows: string;
    gated?: boolean;
    memory: Record<string, number>;
  }

  interface OneHead {
    layer: number;
    head: number;
    kv_head: number;
    n_heads: number;
    n_kv_heads: number;
    query: number;
    key: number;
    pair: PairScore;
    softmax: SoftmaxRow;
    mix: ValueMix;
    output: HeadPart | null;
    no_output: string;
  }

  interface OpenedRun {
    recipe: RecipeAnswer;
    n_steps: number;
    comparison?: ComparisonAnswer;
  }

  interface Packed {
    dtype: string;
    shape: number[];
    data: string;
  }

  interface PageConfig {
    modules: string[];
    js: string;
    css: string[];
    plotly: string;
    vendor: string;
    examples: Example[];
  }

  interface PairScore {
    query_vector: Packed;
    key_vector: Packed;
    products: Packed;
    dot: number;
    scaling: number;
    scaled: number;
    softcap: number | null;
    capped: number;
    bias: number;
    score: number;
    hidden: string;
  }

  interface PartsTable {
    parts: string[];
    total: number[];
    active: number[];
    bytes: number[];
    by_layer: number[][];
    model_total: number;
  }

  interface Path {
    normalizer: string[];
    pre_tokenizer: string[];
    kind: string;
    selected: number;
    n_pieces: number;
    n_equal: number;
    pieces: Piece[];
  }

  interface Piece {
    index: number;
    start: number;
    end: number;
    text: string;
    normalized: string;
    written: string;
    first: number;
    stop: number;
    added: boolean;
    equal: boolean;
  }

  interface PositionAnswer {
    layer: number;
    head: number;
    position: number;
    n_positions: number;
    row: Packed;
    column: Packed;
    attends_to: LargestWeights;
    attended_by: LargestWeights;
  }

  interface PositionsAnswer {
    kind: string;
    reason: string;
    block_input: BlockInput;
    rotary?: RotaryPositions;
    learned?: LearnedPositions;
  }

  interface PrefillAnswer {
    n_tokens: number;
    forward_ms: number;
    embed_ms: number;
    head_ms: number;
  }

  interface ProgressMessage {
    kind: 'progress';
    message: string;
    fraction: number;
    stage?: 'prefill' | 'decode';
    opening?: boolean;
  }

  interface RaceAnswer {
    n_prompt: number;
    n_tokens: number;
    steps: RaceStepAnswer[];
    text: string;
    cache_bytes: number;
    ended: string;
  }

  interface RaceStepAnswer {
    token: Token;
    equal: boolean;
    max_error: number;
    largest_logit: number;
    cached_ms: number;
    full_ms: number;
    n_keys: number;
    n_new: number;
    cached_flops: number;
    full_flops: number;
    cached_bytes: number;
    full_bytes: number;
  }

  interface Recipe {
    prompt: string;
    chat: boolean;
    system: string;
    sampling: SamplingSettings;
    max_new_tokens: number;
    forced: [number, number][];
    stop: string[];
    model: string;
    revision: string;
    device: string;
    dtype: string;
    date: string;
  }

  interface RecipeAnswer {
    prompt: string;
    chat: boolean;
    system: string;
    sampling: SamplingSettings;
    max_new_tokens: number;
    forced: [number, number][];
    stop: string[];
    model: string;
    revision: string;
    device: string;
    dtype: string;
    date?: string;
  }

  interface ResidualStream {
    position: number;
    parallel: boolean;
    has_attention: boolean;
    factors: Packed;
    pre: Packed;
    attn: Packed;
    mid: Packed;
    mlp: Packed;
    post: Packed;
    missing: Packed;
    layer: number;
    vectors_of: string[];
    vectors: Packed;
    reach: number;
    note: WindowNote;
    checks: Check[];
  }

  interface Roofline {
    device: string;
    dtype: string;
    bandwidth: number;
    flops: number;
    seconds: number;
    n_products: number;
    bandwidth_by_pass: boolean;
    flops_by_pass: boolean;
  }

  interface RooflinePoint {
    name: string;
    n_new: number;
    batch: number;
    flops: number;
    bytes: number;
    seconds: number;
    intensity: number;
    achieved: number;
    attainable: number;
    share: number;
  }

  interface RooflineRun {
    roofline: Roofline;
    dots: RooflinePoint[];
  }

  interface Rope {
    kind: string;
    theta: number;
    type: string;
    factor: number;
  }

  interface RotaryPositions {
    rotation: Rotation;
    start: number;
    n_positions: number;
    angles: Packed;
    wavelengths: Packed;
    n_layers_verified: number;
    n_layers: number;
    worst_error: number;
    run_check: Check | null;
  }

  interface Rotation {
    layer: number;
    kind: string;
    inv_freq: Packed;
    layout: string;
    first: number;
    n_rotary: number;
    d_head: number;
    factor: number;
    check: Check;
  }

  interface RoundAnswer {
    proposed: JudgedProposal[];
    n_accepted: number;
    extra: Token | null;
    extra_kind: string;
    extra_draw: number | null;
    added_from: ExtraCandidate[];
    draft_ms: number;
    verify_ms: number;
    plain_ms: number;
  }

  interface Routing {
    layers: number[];
    start: number;
    tokens: Token[];
    experts: Packed;
    weights: Packed;
    load: Packed;
    n_positions: number;
    by_logits: number;
    seconds: number;
    checks: Check[];
  }

  interface RunAnswer {
    text_in: string;
    n_tokens: number;
    tokens: Token[];
    prefill: PrefillAnswer | null;
    n_steps: number;
    steps: RunStep[];
    text: string;
    stop: StopReason;
    ttft_ms: number | null;
    itl_ms: number[];
    tokenize_ms: number;
    detokenize_ms: number;
    reused_positions: number;
    reuse_ms: number;
    lost?: Lost[];
    key: string;
    recipe: RecipeAnswer;
    tokens_from: number;
    steps_from: number;
  }

  interface RunChecks {
    layer: number;
    head: number;
    checks: Check[];
    skipped: string[];
    seconds: number;
  }

  interface RunDocument {
    text_in: string;
    n_tokens: number;
    tokens: Token[];
    prefill: PrefillAnswer | null;
    n_steps: number;
    steps: RunStep[];
    text: string;
    stop: StopReason;
    ttft_ms: number | null;
    itl_ms: number[];
    tokenize_ms: number;
    detokenize_ms: number;
    reused_positions: number;
    reuse_ms: number;
    lost?: Lost[];
    format: string;
    version: number;
    recipe: RecipeAnswer;
    model: Record<string, unknown>;
    made_by: Record<string, string>;
    logits: LogitsSummary[];
  }

  interface RunFileAnswer {
    document: RunDocument;
  }

  interface RunMessage {
    kind: 'run';
    key: string;
    n_steps: number;
    text: string;
    stage?: 'prefill' | 'decode';
  }

  interface RunStep {
    index: number;
    token: Token;
    candidates: StepCandidates;
    logit: number;
    probability: number;
    chosen_from: number;
    rank: number;
    entropy: number;
    surprisal: number;
    draw: number | null;
    cumulative_from: number;
    cumulative_to: number;
    stages: StageCount[];
    forced: boolean;
    forward_ms: number;
    sampling_ms: number;
    text: string;
    waiting: number[];
    reused: boolean;
    tied?: number;
  }

  interface SamplingSettings {
    do_sample: boolean;
    temperature: number;
    top_k: number;
    top_p: number;
    seed: number;
    repetition_penalty: number;
    presence_penalty: number;
    frequency_penalty: number;
    min_p: number;
    typical_p: number;
  }

  interface ScoresByName {
    previous: Packed;
    first: Packed;
    own: Packed;
    induction: Packed;
    entropy: Packed;
    distance: Packed;
  }

  interface SeenAnswer {
    chat: boolean;
    start: number;
    n_tokens: number;
    tokens: Token[];
    text: string;
    first: number;
    spans: Span[];
    n_characters: number;
    n_bytes: number;
    n_partial: number;
    n_special: number;
  }

  interface ServedAnswer {
    n_prompt: number;
    arrival: number;
    started: number;
    tokens: Token[];
    times: number[];
    equal: boolean;
    gap: number | null;
    ended: string;
    ttft: number;
    latency: number;
  }

  interface SharesAnswer {
    start: number;
    shares: CharacterShare[][];
  }

  interface ShownToken {
    id: number;
    text: string;
    partial: boolean;
    bytes: number[];
    special: boolean;
  }

  interface Similarity {
    start: number;
    n_positions: number;
    cosine: Packed;
  }

  interface SoftmaxRow {
    first_key: number;
    n_visible: number;
    largest: number;
    exponential: number;
    denominator: number;
    weight: number;
    sink: number | null;
    sink_weight: number;
    top_positions: Packed;
    top_scores: Packed;
    top_weights: Packed;
    rest: number;
  }

  interface SourceCode {
    name: string;
    file: string;
    line: number;
    text: string;
  }

  interface Span {
    start: number;
    end: number;
    kind: string;
  }

  interface SpeculateAnswer {
    kind: string;
    n_draft: number;
    n_tokens: number;
    sampled: boolean;
    tokens: Token[];
    rounds: RoundAnswer[];
    equal: boolean | null;
    first_different: number | null;
    logit_gap: number | null;
    text: string;
    ended: string;
    totals: Totals | null;
    rule_error: number;
    checks: Check[];
    prefill_seconds: number;
    draft_prefill_seconds: number;
  }

  interface StageCount {
    name: string;
    setting: number;
    kept: number;
    removed: number;
    moved: number;
  }

  interface StageSplit {
    phase: string;
    n_new: number;
    parts: [string, number][];
    seconds: number;
    unhooked: number;
    n_passes: number;
  }

  interface StageTimes {
    prefill: StageSplit;
    decode: StageSplit;
    tokenize: number;
    sampling: number;
    detokenize: number;
    reason: string;
  }

  interface Step {
    start: number;
    end: number;
    n_requests: number;
    n_positions: number;
    n_wasted: number;
    blocks: number;
  }

  interface StepCandidates {
    token_ids: number[];
    texts: string[];
    partial: Record<number, number[]>;
    special: number[];
    logits: number[];
    probability: number[];
    chosen_from: number[];
    remainder: number;
    vocabulary: number;
  }

  interface StepChecksAnswer {
    checks: Check[];
  }

  interface StopReason {
    kind: string;
    detail: string;
  }

  interface SurprisalAnswer {
    bits: (number | null)[];
    perplexity: number;
    bits_per_byte: number;
    n_unknown: number;
    check: Check | null;
  }

  interface TextPart {
    token: Token;
    text: string;
    waiting: number[];
  }

  interface Throughput {
    points: BatchPoint[];
    roofline: Roofline;
    bend: number | null;
    slow_start: boolean;
    n_steps: number;
    ended: string;
  }

  interface Token {
    position: number;
    id: number;
    piece: string;
    text: string;
    bytes: number[];
    start: number;
    end: number;
    special: boolean;
    partial: boolean;
  }

  interface Totals {
    n_tokens: number;
    n_rounds: number;
    n_proposed: number;
    n_judged: number;
    n_accepted: number;
    acceptance: number | null;
    overlap: number | null;
    proposed_per_round: number;
    tokens_per_forward: number;
    draft_seconds: number;
    verify_seconds: number;
    plain_seconds: number;
    draft_cost: number;
    verify_cost: number;
    expected: number | null;
    ideal: number | null;
    speed_up: number;
  }

  interface ValueMix {
    value_vector: Packed;
    weighted: Packed;
    z: Packed;
  }

  interface Variant {
    kind: string;
    n_prompt: number;
    n_tokens: number;
    steps: VariantStep[];
    first_different: number | null;
    text: string;
    other_text: string;
    bytes: number;
    other_bytes: number;
    ended: string;
  }

  interface VariantStep {
    token: Token | null;
    other: Token | null;
    drift: number | null;
  }

  interface WhatIf {
    estimate: Estimate;
    machines: Machine[];
    models: ModelSize[];
    own: Estimate | null;
    measured_ttft: number | null;
    measured_itl: number | null;
    checks: Check[];
  }

  interface WindowNote {
    start: number;
    stop: number;
    n_positions: number;
    forwarded: number;
    seconds: number;
  }
}

"""Wordings of the computed topics: grammars with slots for types, sizes, widths and amounts."""

from __future__ import annotations

from collections.abc import Iterable

TYPE = [
    "what (is|does|are) {X} (mean|)",
    "(what's|whats) {X}",
    "{X}",
    "(explain|define|describe) {X} (to me|for me|briefly|)",
    "(tell me|say something) about {X}",
    "what (is|was) {X} (again|exactly|anyway|in short)",
    "what do you (know|think) (about|of) {X}",
    "is {X} (good|ok|any good|enough|usable|decent|fine|bad|worth it|recommended|safe to use)",
    "is {X} a good (choice|quant|type|build|option|pick)",
    "should i (use|take|download|get|pick|choose|go with|avoid) {X}",
    "when (should|would|do) i (use|take|want) {X}",
    "how good is {X}",
    "how (big|large) is {X}",
    "how many bits (does|has|is) {X} (have|use|)",
    "(quality|size|bits|bpw) of {X}",
    "{X} (quality|size|bits|bpw|meaning|info|explained|good)",
    "how much (quality|accuracy) (does {X} lose|do i lose with {X}|is lost with {X})",
    "how many bits per weight (does|has) {X} (have|)",
    "i (see|saw|found) {X} (in the list|in a file name|on the models page|), what is (it|that)",
    "does {X} (hurt|damage|harm|lower) (the|) (quality|model|answers)",
    "can i (use|trust|live with) {X}",
    "is {X} (noticeably|much|) worse than the original",
    "what (quality|results) can i expect from {X}",
    "why (would i|should i|do people) (use|take|choose) {X}",
    "my model is {X}, (is that good|is it ok|what does that mean)",
    "the file (is called|says|ends with|name has) {X}",
    "i downloaded {X}, (is that fine|was that right|good or bad)",
    "(any|some) (opinion|thoughts|advice) on {X}",
    "who should (use|take) {X}",
    "{X} (stands for|is short for) what",
    "what is the (quality|loss|use|point) of {X}",
    "what is {X} (good|used|meant) for",
    "{X} yes or no",
    "how (lossy|accurate|precise|compressed) is {X}",
]
TYPE_MORE = [
    "how does it work",
    "(why|why is that)",
    "how is it made",
    "what is inside",
    "how are the weights stored",
    "what does the name mean",
]
SHORT_TYPE = [
    "what is {X}",
    "is {X} (good|enough|ok|good enough|usable|fine)",
    "should i (use|take) {X}",
    "how good is {X}",
    "(quality of|about) {X}",
    "{X} (quality|good or bad)",
    "how much (quality|) (does {X} lose|is lost at {X})",
    "does {X} (hurt|lose much)",
    "is {X} (noticeably|much|) worse",
]
PAIR = [
    "{A} (vs|versus|vs.|or|against) {B}",
    "{A} or {B}",
    "{A} vs {B} (quality|difference|which|)",
    "is {A} better than {B}",
    "is {A} (worse|smaller|larger|bigger) than {B}",
    "is {A} (noticeably|much|a lot|visibly|really|significantly|clearly) (better|worse) than {B}",
    "(what is|what's|explain) the difference between {A} and {B}",
    "(difference|differences) (between|of|) {A} and {B}",
    "which is better, {A} or {B}",
    "which one (should i take|is better|would you take|to choose), {A} or {B}",
    "should i (take|use|choose|get|download|pick) {A} or {B}",
    "compare {A} (and|with|to) {B}",
    "{A} compared (to|with) {B}",
    "how (does|do) {A} (compare|differ) (to|from|with) {B}",
    "how much better is {A} than {B}",
    "how much worse is {B} than {A}",
    "do i (lose|gain) (much|a lot|anything) (with|using) {A} instead of {B}",
    "(does|do) {A} and {B} differ (much|)",
    "is there a (big|real|noticeable|) difference between {A} and {B}",
    "will i notice (the|a|any) difference between {A} and {B}",
    "(can i|should i) (switch|go|move) from {A} to {B}",
    "{A} {B} (difference|comparison|which)",
    "{A}, {B}, which (one|is better)",
    "what do i (gain|lose|win) (going|moving|) from {A} to {B}",
    "i (can't|cannot) decide between {A} and {B}",
    "i have {A}, (should i get|is it worth getting|do i need) {B}",
    "are {A} and {B} (the same|equal|equally good|very different)",
    "why {A} (and not|instead of|rather than) {B}",
    "better quality: {A} or {B}",
    "choose between {A} and {B}",
    "does {A} beat {B}",
    "{A} over {B}",
    "would you (take|prefer) {A} or {B}",
    "which (has|keeps|gives|loses) (more|less|the better) quality, {A} or {B}",
    "which of {A} and {B} (is|has|loses|keeps) (better|the better quality|less|more)",
    "(rank|order) {A} and {B} (by quality|)",
    "{A} next to {B}, how do they (compare|differ)",
]
PAIR_BETTER = [
    "is {A} worth the (extra|) (space|memory|size|gigabytes) (over|compared to) {B}",
    "is {A} worth it (over|compared to) {B}",
    "do i need {A} or is {B} (enough|ok|fine|good enough)",
    "is {B} (enough|good enough) or (do i need|should i take) {A}",
    "how much do i lose with {B} (compared to|against) {A}",
    "is {B} as good as {A}",
]
MEMORY = [
    "how much (memory|ram|vram|space) does a {S} (model|) (need|take|use|require) (at|in|with|as) {B}",
    "how much (memory|ram|vram) (for|do i need for|is needed for) a {S} (model|) (at|in|with|as) {B}",
    "how (big|large|heavy) is a {S} (model|) (at|in|with|as) {B}",
    "(memory|ram|size|vram) (of|for) (a|) {S} (model|) (at|in|as) {B}",
    "{S} (at|in|with|as|) {B}",
    "{S} {B} (memory|size|ram|gb|vram|)",
    "{S} model (at|in|) {B}",
    "{B} {S} (model|) (size|memory|ram|)",
    "how many (gb|gigabytes|gigs) (is|does|for) a {S} (model|) (at|in|with|as) {B} (need|take|)",
    "what does a {S} (model|) weigh (at|in|as) {B}",
    "(ram|memory) (needed|required|requirements|usage) for a {B} {S} (model|)",
    "what is the size of a {S} (model|) (at|in|as) {B}",
    "size of (a|) {S} {B}",
    "how much (memory|ram) will a {B} {S} (model|) (use|need|take)",
    "i want to run a {S} (model|) (at|in|with|as) {B}, how much (memory|ram) (is that|do i need)",
    "how (big|large) is (the|a) {B} (file|build|version|quant) of a {S} (model|)",
    "a {S} (model|) quantized to {B}, (how big|how much memory|what size)",
    "if i (take|use|run) a {S} (model|) (at|in|with) {B}, (how many gb|how much ram|what memory)",
    "(needed|required) (ram|memory|vram) for {S} {B}",
    "what (memory|ram) (do i need|is required) (to run|for) a {S} (model|) (at|in|with|as) {B}",
    "(file size|disk space|footprint) (of|for) (a|) {S} (model|) (at|in|as) {B}",
    "how many gigabytes (does|would) a {S} (model|) (occupy|fill|take) (at|in|as) {B}",
    "can you (calculate|work out|tell me) the (memory|size) of a {S} (model|) (at|in|with) {B}",
    "{B} {S}, how (big|much ram|many gb|much memory)",
    "{S} {B}, how (big|much ram|many gb|much memory)",
    "memory footprint of {S} (at|in) {B}",
    "how much (ram|memory) does {S} {B} (need|use|take)",
    "what is the (memory|ram) (use|need|requirement) of a {S} (at|in|as) {B}",
    "weights of a {S} (model|) (at|in) {B} in (gb|gigabytes)",
    "a {S} (at|in) {B} (is how big|needs how much ram|takes what)",
    "tell me the (size|memory) of a {S} (model|) (at|in|with|as) {B}",
    "will need how much (ram|memory|vram): {S} (at|in|) {B}",
]
SIZE = [
    "how much (memory|ram|vram|space) does a {S} (model|) (need|take|use|require)",
    "how (big|large) is a {S} (model|)",
    "(memory|ram|size|vram) (of|for) (a|) {S} (model|)",
    "{S} model (size|ram|memory|)",
    "{S} (size|ram|memory|vram|gb)",
    "{S}",
    "what do i need (for|to run) a {S} (model|)",
    "how much (ram|memory|vram) (do i need|is needed|is required) (for|to run) a {S} (model|)",
    "how many (gb|gigabytes|gigs) (for|does) a {S} (model|) (need|take|)",
    "how much (ram|memory) for a {S} (model|)",
    "what (memory|ram|hardware|computer) does a {S} (model|) (need|want)",
    "(requirements|ram requirements|memory requirements) (of|for) a {S} (model|)",
    "i want to run a {S} (model|), (how much ram|how much memory|what do i need)",
    "how (heavy|big) are {S} models",
    "what is the (size|file size|footprint) of a {S} (model|)",
    "(disk space|file size) (of|for) a {S} (model|)",
    "how much (room|space) (is needed|do i need) for a {S} (model|)",
    "to run {S} (models|), how much (ram|memory)",
    "(ram|memory) needed for {S}",
    "how much (ram|memory|vram) (will|would) a {S} (model|) (use|eat|need)",
    "what does it take to run a {S} (model|)",
    "a {S} (model|), how (big|large) is that",
    "how many gigabytes is a {S} (model|)",
    "how large are the files of a {S} (model|)",
    "memory footprint of a {S} (model|)",
    "{S} (needs|takes|uses) how much (ram|memory)",
    "what (ram|memory) (for|do i need for) {S}",
    "space for a {S} (model|)",
    "is a {S} (model|) (big|large|heavy)",
    "how much memory should i have for a {S} (model|)",
]
HAVE = [
    "(what|which) (model|models) (can i run|fits|runs|should i use|is best|do i take|would fit) (with|on|in) {R} (of ram|of memory|ram|)",
    "i have {R} (of ram|ram|of memory|memory|), (what|which) (model|models) (can i run|should i use|fits|do you recommend|is good)",
    "(best|good|largest|biggest|recommended) model for {R} (ram|of memory|of ram|)",
    "my (computer|laptop|machine|pc|notebook) has {R} (of ram|of memory|ram|), (what can i run|what fits|which model should i take|which model)",
    "{R} (ram|memory|of ram)",
    "{R}",
    "what (fits|runs|works|can i run) (in|on|with) {R} (of ram|ram|of memory|)",
    "can i run (a good model|anything|a model|something useful|nibble) with {R} (of ram|ram|)",
    "is {R} (of ram|of memory|ram|) (enough|sufficient|too little|ok|any good)",
    "which (quant|bit width|size|build) (for|with|on) {R} (of ram|of memory|ram|)",
    "(i only have|i have got|only|i have just) {R} (of ram|of memory|ram|), (is that enough|what now|what works|what can i do)",
    "{R} (of ram|ram|), (what|which) model",
    "what (can|could) i (run|use) on a (computer|laptop|pc|machine) with {R} (of ram|of memory|ram|)",
    "how (big|large) (a model|can the model be) (with|on|in) {R} (of ram|of memory|ram|)",
    "which (model|size) for a {R} (computer|laptop|pc|machine|system)",
    "got {R} (of ram|ram|of memory|), what (should i|can i|do i) (get|run|download|use)",
    "what is the (largest|biggest|best) model (i can run|that fits|that runs) (with|in|on) {R} (of ram|of memory|ram|)",
    "recommend (a model|something) for {R} (of ram|of memory|ram|)",
    "what (does|do) {R} (of ram|of memory|ram|) (allow|let me run|get me)",
    "(laptop|pc|computer|desktop|notebook) with {R} (of ram|ram|memory|)",
    "suggest a model for my {R} (laptop|computer|pc|machine)",
    "my (ram|memory) is {R}, (which model|what fits|what do you suggest)",
    "will (a model|models) run (with|on|in) {R} (of ram|of memory|ram|)",
    "there (is|are) {R} of (ram|memory) in my (computer|laptop|pc), which model",
    "i (bought|own|use) a (laptop|pc|computer) with {R} (of ram|of memory|ram|), which model (fits|is right|)",
    "how many (parameters|billion parameters) (can i run|fit) (with|in|on) {R} (of ram|ram|)",
    "models for {R} (of ram|of memory|ram|)",
    "what should someone with {R} (of ram|of memory|ram) (use|run|download)",
    "only {R} of memory",
    "what model size (fits|suits|goes with) {R} (of ram|of memory|ram|)",
    "what would you run (on|with) {R} (of ram|of memory|ram|)",
    "which model is (right|good|best|suitable) for {R} (of ram|of memory|ram|)",
    "can i run a {S} (model|) (with|on|in) {R} (of ram|of memory|ram|)",
    "(will|would|does) a {S} (model|) (fit|run|work) (in|on|with) {R} (of ram|of memory|ram|)",
    "is {R} (of ram|of memory|ram|) enough (for|to run) a {S} (model|)",
    "{S} (model|) (with|on|in) {R} (of ram|ram|), (possible|ok|does it work|will it run)",
]
HAVE_VRAM = [
    "(what|which) (model|models) (can i run|fits|runs|should i use) (with|on|in) {R} (of vram|vram)",
    "i have {R} (of vram|vram|of video memory), (what|which) (model|models) (can i run|should i use|fits|is good)",
    "(best|good|largest) model for {R} (vram|of vram|gpu|graphics card)",
    "my (gpu|graphics card|video card) has {R} (of vram|of memory|vram|), (what can i run|what fits|which model)",
    "{R} (vram|of vram|gpu|graphics card|video card|graphics memory)",
    "what (fits|runs|works) (in|on|with) {R} (of vram|vram|gpu|on the graphics card)",
    "is {R} (of vram|vram|gpu memory) (enough|sufficient|too little|ok)",
    "which (quant|bit width|size|build) (for|with|on) {R} (of vram|vram|gpu)",
    "(i only have|i have got|only) {R} (of vram|vram), (is that enough|what works|what can i do)",
    "{R} (gpu|vram|card), (what|which) model",
    "what (can|could) i run on a {R} (gpu|graphics card|card|video card)",
    "how (big|large) (a model|can the model be) (on|for) a {R} (gpu|graphics card)",
    "i have a (gpu|graphics card|video card|card) with {R} (of memory|vram|)",
    "got a {R} (gpu|graphics card|card), what (should|can) i (get|run|use)",
    "(largest|biggest|best) model (that fits|for|on) a {R} (gpu|card|graphics card)",
    "recommend (a model|something) for a {R} (gpu|graphics card)",
    "(nvidia|amd|rtx|radeon|geforce) card with {R}, which model",
    "models for {R} (of vram|vram)",
    "pc with a {R} (gpu|graphics card)",
    "will it fit on my {R} (gpu|card|graphics card)",
]
AND = [
    "and {X}",
    "what about {X}",
    "how about {X}",
    "and {P} {X}",
    "and what about {X}",
    "{X}",
    "ok, and {X}",
    "{P} {X}",
    "and if i (take|use|have) {X}",
    "and for {X}",
    "(same|the same) (for|with) {X}",
]

TYPE_LINKS = (
    ("(does|will) (it|that|this type) need an (imatrix|importance matrix)", "imatrix"),
    ("(do i need|is there) an (imatrix|importance matrix) (for it|for that|)", "imatrix"),
    ("what should i (take|use|choose) instead", "which_build"),
    (
        "(and|so|then|) what (do you recommend|is better|would be better) (then|instead|)",
        "which_build",
    ),
    ("which one should i (take|use|choose|download) (then|)", "which_build"),
    ("how do i (make|build) (one|it|that)", "make_build"),
    ("can i make (one|it|that) (myself|in nibble|)", "make_build"),
    ("what does the (k|letter k) (mean|stand for)", "kquants"),
    ("what do the (last|) letters mean", "letters_s_m_l"),
    ("is (it|that) slower", "why_faster"),
)
MEMORY_LINKS = (
    ("(how|why) (is that|do you know that|did you get that|is it so much)", "memory_rule"),
    ("how (do you|do i|can i|to) (calculate|compute|work) (that|it|this) (out|)", "memory_rule"),
    ("how (much|long) (context|text) (fits|is that with|)", "long_context_cost"),
    ("(and|) what if (it|that) does not fit", "memory_out"),
    ("(and|) is (that|it) fast", "predict_speed"),
)

SOME_SIZES = "(1b|3b|4b|7b|8b|8b|9b|12b|13b|13b|14b|20b|24b|27b|30b|32b|34b|70b|70b|120b)"


def put(patterns: Iterable[str], **slots: str) -> list[str]:
    """Return the patterns with their slots replaced by grammars."""
    filled = []
    for pattern in patterns:
        text = pattern
        for name, grammar in slots.items():
            text = text.replace("{" + name + "}", grammar)
        filled.append(text)
    return filled


def links(grammar: str, target: str, preposition: str = "") -> list[tuple[str, str]]:
    """Return one follow-up grammar that leads to a target topic."""
    choices = "|".join(put(AND, X=grammar, P=preposition))
    return [(f"({choices})", target)]


def type_names(name: str, *, bare: bool = False) -> str:
    """Return the ways of writing a type's name, as a grammar of lower-case names."""
    low = name.lower()
    names = [low] * 4 + [low.replace("_", " "), low.replace("_", ""), low.replace("_", "-")]
    if low.endswith("_k") or low in ("q6_k", "q2_k"):
        names.append(low.replace("_k", "k"))
    if name == "F16":
        names = ["f16", "fp16", "f16", "16 bit", "16-bit", "bf16", "the f16 original"]
    if not bare:
        names += [f"{low} files", f"the {low} (build|version|type|quant|file)", f"a {low}"]
    return "(" + "|".join(names) + ")"


def short_names(bits: int, *, bare: bool = True) -> str:
    """Return the ways of naming a width without a type; alone, "4 bit" means the width itself."""
    names = [f"q{bits}", f"q{bits}"]
    if bare:
        names += [f"{bits} bit", f"{bits}-bit", f"{bits} bits"]
    if bits == 16:
        names = ["f16", "fp16", "16 bit", "16-bit", "16 bits"]
    return "(" + "|".join(names) + ")"


def size_names(size: str) -> str:
    """Return the ways of writing a model size in billions of parameters."""
    names = [f"{size}b"] * 4 + [f"{size} b", f"{size} billion", f"{size} billion parameter"]
    return "(" + "|".join(names) + ")"


def width_names(bits: int) -> str:
    """Return the ways of writing a width, with the usual types of that width."""
    names = [f"{bits} bits", f"{bits} bit", f"{bits}-bit"]
    extra = {
        2: ["q2_k", "q2", "two bits"],
        3: ["q3_k_m", "q3", "three bits"],
        4: ["q4_k_m", "q4_k_m", "q4", "q4", "int4", "four bits", "q4_k_s", "q4_0"],
        5: ["q5_k_m", "q5_k_m", "q5", "five bits", "q5_k_s"],
        6: ["q6_k", "q6_k", "q6", "six bits"],
        8: ["q8_0", "q8_0", "q8", "int8", "eight bits", "fp8"],
        16: ["f16", "fp16", "bf16", "half precision", "fp16"],
        32: ["f32", "fp32", "full precision"],
    }
    return "(" + "|".join(names + extra[bits]) + ")"


def gigabyte_names(gigabytes: int) -> str:
    """Return the ways of writing an amount of memory."""
    names = [f"{gigabytes} gb", f"{gigabytes}gb", f"{gigabytes} gb", f"{gigabytes} gigabytes"]
    names += [f"{gigabytes} gig", f"{gigabytes} gigs", f"{gigabytes} g"]
    return "(" + "|".join(names) + ")"

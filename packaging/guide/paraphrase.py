"""Other words for the same: synonyms and frames of questions.

The corpus is small, so many ordinary words stand in it once or never. Swapping words of like
meaning teaches the guide that they are alike. Replacements need not be elegant, only keep what
is asked.
"""

from __future__ import annotations

import random
import re

_GROUPS = """
computer|pc|laptop|machine|notebook|desktop|system|device
big|large|huge|giant|enormous|massive|heavy
small|little|tiny|compact|mini
fast|quick|quickly|rapid|speedy|swift
faster|quicker|speedier|at a higher speed
slow|sluggish|snail-like|crawling
slower|more sluggish|less quick
memory|ram|working memory|main memory
graphics card|gpu|video card|graphics chip|graphics processor
vram|video memory|graphics memory|memory of the graphics card
cpu|processor|main processor
show|display|reveal|present
download|get|fetch|grab|obtain|pull
downloads|fetches|pulls
downloading|fetching|getting|pulling
downloaded|fetched|pulled|obtained
delete|remove|erase|get rid of|throw away|wipe|clear|trash
deleted|removed|erased|thrown away|wiped
deleting|removing|erasing|wiping
answer|reply|response|output
answers|replies|responses|outputs
answering|replying|responding|talking
chat|conversation|dialogue|discussion
chats|conversations|dialogues|discussions
model|llm|ai model|ai|language model
models|llms|ai models|language models
use|run|work with|employ|utilise
using|running|working with
best|ideal|optimal|most suitable|greatest
good|fine|decent|ok|great|solid|useful
bad|poor|terrible|awful|lousy
better|superior|nicer|an improvement
worse|poorer|inferior
choose|pick|select|take|go for|settle on
need|require|want|have to have
needed|required|necessary
explain|describe|clarify|outline
quality|accuracy|fidelity
difference|distinction|contrast
differences|distinctions|contrasts
begin|start|commence
launch|start up|open|fire up
make|create|produce|build|generate
making|creating|producing|building
disk|drive|hard disk|ssd|hard drive
usb stick|flash drive|thumb drive|external drive
find|see|locate|spot|discover
important|relevant|significant
matter|count|be important
stored|kept|saved|put|held
store|save|keep|put
forget|lose|no longer know
stop|halt|cancel|abort|interrupt
stopped|halted|cancelled|aborted
pause|hold|suspinterrupt
resume|continue|go on with|carry on with
question|prompt|message|query
questions|prompts|messages|queries
people|users|folks|everybody|others
possible|feasible|doable
impossible|not possible|not feasible
problem|issue|trouble|difficulty
error|fault|failure
broken|damaged|corrupt|corrupted|defective
help|assist|support
settings|options|preferences|configuration
setting|option|preference
app|program|application|software
terminal|command line|console|shell
folder|directory|location
internet|network|web|online connection|net
offline|without internet|without a connection|without network
change|modify|alter|adjust|edit
set|configure|adjust
picture|image|photo|screenshot
pictures|images|photos|screenshots
file|document
files|documents
kind|sort
size|dimension|footprint
window|page|screen
button|control|key
press|click|hit|push
happens|goes on|takes place|occurs
enough|sufficient|adequate
cost|price|charge
pay|be charged|spend money
free|for free|without paying|gratis|at no cost
safe|secure|harmless
copy|duplicate
strange|odd|weird|funny|peculiar
wrong|incorrect|false|mistaken
correct|true
nonsense|gibberish|rubbish|garbage
many|plenty of|a lot of|lots of
maximum|max|largest|highest
minimum|min|smallest|lowest
old|older|ancient|aged|dated
new|newer|recent|latest|fresh
cheap|inexpensive|affordable|low-cost
expensive|costly|pricey
compare|contrast|put side by side
compared|contrasted
comparison|contrast
speed|pace|tempo
write|compose|draft
type|enter|key in
crash|die|quit unexpectedly|fail
crashed|died|quit|went down
crashes|dies|quits|goes down
stuck|frozen|hanging|not moving
shown|displayed|listed
works|functions|operates
work|function
purpose|point|aim|reason
advantage|benefit|plus|upside
advantages|benefits|strengths
disadvantage|drawback|downside
beginner|newcomer|novice|newbie
expert|professional|specialist
shrink|compress|squeeze|make smaller
smaller|more compact|less large
bigger|larger|more massive
reduce|lower|cut|decrease
increase|raise|enlarge|extend
improve|raise|enhance|better
wait|be patient
long|lengthy|extended
short|brief|concise
recommend|suggest|advise|propose
recommendation|suggestion|advice|tip|hint
recommended|suggested|advised
company|firm|business
private|confidential|secret|personal
privacy|confidentiality|data protection
measure|determine|find out|test|gauge
measured|determined|tested
measurement|test|reading
calculate|compute|work out|estimate
know|understand|be aware of
learn|study|find out
trust|believe|rely on
read|look at|view
send|transmit|pass on|upload
sent|transmitted|passed on|uploaded
load|open|start
loading|opening|starting
loads|opens|starts
move|relocate|transfer|shift
install|set up|put on my computer
installed|set up
installation|set-up
uninstall|remove completely|get rid of
update|upgrade|bring up to date
version|release|edition
list|overview|inventory
name|title|label
rename|retitle|give another name to
search|look for|look up|seek
missing|absent|gone|not there
disappeared|vanished|gone
tiny|very small|minute
huge|very large|gigantic
loud|noisy
fan|cooler
battery|power
figure|number|value
figures|numbers|values
bit width|number of bits|precision
quantized|quantised|compressed
quantization|quantisation
quantize|quantise|compress
build|version|variant
builds|versions|variants
programming|coding|software development
writing|composing
story|tale|novel
translation|translating
language|tongue
languages|tongues
maths|mathematics|math|sums
reasoning|logic|thinking
remember|recall|keep in mind|retain
invent|make up|fabricate|dream up
invents|makes up|fabricates
repeat|say again|go over
repeats|says again|loops over
loop|circle|endless repetition
mistake|error|slip
mistakes|errors|slips
limit|restriction|cap
limits|restrictions|boundaries
secure|safe|protected
virus|malware|trojan
licence|license|terms of use
allowed|permitted|legal
sell|market|offer commercially
own|personal|self-made
shortcut|hotkey|key combination
shortcuts|hotkeys|key combinations
dark|black
light|bright
font|text size|letters
bigger text|larger text
restore|bring back|recover
backup|safety copy|spare copy
export|save as a file|write out
import|bring in|add|load
attach|add|insert|upload
paste|insert|put in
speak|talk|converse
understand|grasp|follow
smart|clever|intelligent|bright
dumb|stupid|dim
choose between|decide between
worth it|worthwhile|useful
worth|worthwhile
actually|in fact
currently|at the moment|at present
often|frequently
never|at no time
simple|easy|plain
simply|easily|in plain words
hard|difficult|tough
idea|clue|notion
normal|ordinary|usual|regular|typical
normally|usually|typically|as a rule
together|jointly|at once
real|true|actual
own questions|my questions
side by side|next to each other|in parallel
tell|inform|let know
whole|entire|complete
part|piece
parts|pieces
split|divided|cut
merge|combine|join|blend
beginning|start
finish|complete|end
purchase|buy|get
buy|purchase
creator|maker|author|developer
made|created|produced|developed
behave|act
behaviour|conduct
random|by chance
creative|imaginative
boring|dull
funny|amusing
hello|hi|hey
thanks|thank you|cheers
bye|goodbye|see you
isn't|is not
don't|do not|dont
can't|cannot|can not|cant
doesn't|does not|doesnt
won't|will not|wont
i'm|i am|im
what's|what is|whats
"""
SYNONYMS = [group.split("|") for group in _GROUPS.strip().splitlines()]
_OTHERS: dict[str, list[str]] = {}
for _group in SYNONYMS:
    for _word in _group:
        _OTHERS.setdefault(_word, []).extend(other for other in _group if other != _word)
_FIND = re.compile(
    r"(?<![\w'-])("
    + "|".join(sorted(map(re.escape, _OTHERS), key=len, reverse=True))
    + r")(?![\w'-])"
)
_HOW_TO = (
    "how do i|how can i|how to|how would i|what do i do to|what is the way to|what must i do to"
    "|is there a way to|i want to|i would like to|i need to|i am trying to|show me how to"
    "|tell me how to|what is the procedure to|which steps are needed to|where can i|where do i"
    "|what is the best way to|please explain how to|i wish to|help me to|how does one|how could i"
    "|i have no idea how to|what should i do to|any way to|can you tell me how to|how do you"
)
_CAN_I = (
    "can i|could i|may i|is it possible to|am i able to|is there a way to|does nibble let me"
    "|would it be possible to|am i allowed to|i would like to|i want to|can one|are you able to"
)
_WHAT_IS = (
    "what is|what's|whats|what exactly is|tell me about|explain|describe|what do you know about"
    "|i want to know about|i would like to understand|what should i know about|define"
    "|can you explain|could you explain|please explain|give me an idea of|what is meant by"
    "|what do people mean by|i do not understand|something about|teach me about"
)
_WHY = "why|how come|for what reason|what is the reason that|what causes it that|why on earth"
_SHOULD_I = (
    "should i|shall i|do i have to|must i|is it good to|is it wise to|would you|is it better to"
    "|does it make sense to|is it sensible to|am i supposed to|do i need to|ought i to"
)
_WHICH = "which|what|which one of the|can you name a|tell me which|do you know which"
_FRAMES = [
    (re.compile(r"^(how do i|how can i|how to|how would i|how could i)\b"), _HOW_TO.split("|")),
    (re.compile(r"^(can i|could i|may i|is it possible to)\b"), _CAN_I.split("|")),
    (re.compile(r"^(what is|what's|whats|explain|tell me about)\b"), _WHAT_IS.split("|")),
    (re.compile(r"^(why)\b(?= (is|are|does|do|did|was|has|have)\b)"), _WHY.split("|")),
    (re.compile(r"^(should i|shall i|do i have to)\b"), _SHOULD_I.split("|")),
    (re.compile(r"^(which)\b"), _WHICH.split("|")),
]


def synonyms(text: str, rng: random.Random, chance: float = 0.35) -> str:
    """Replace some words by words of like meaning."""

    def swap(match: re.Match[str]) -> str:
        return rng.choice(_OTHERS[match[0]]) if rng.random() < chance else match[0]

    return _FIND.sub(swap, text)


def reframe(text: str, rng: random.Random) -> str:
    """Open a question in another way: "how do i" as "what is the way to"."""
    for pattern, openings in _FRAMES:
        if pattern.match(text):
            return pattern.sub(rng.choice(openings), text)
    return text


def paraphrase(text: str, rng: random.Random) -> str:
    """Return a question with another opening, other words, or both."""
    roll = rng.random()
    if roll < 0.5:
        text = reframe(text, rng)
    return synonyms(text, rng) if roll > 0.3 else text

"""Lists what people coming from other libraries call things, as data for suggestions. Floor 0.

A row of a section of `_OPS` has foreign names, then what is said of them where a thing of that section's kinds is wanted:

- `names: ours` - a name of the shelf that means the same;
- `names = code | words` - how it is written here; `code` is a piece of the language in which `x` is the tensor, statements end in `;`;
- `names ~ words` - no code says it; what is true instead.

A foreign name that the shelf gets for itself must leave its row: a test fails until it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from netspec.diagnostics.suggestions.alias_words import MEASURES, WORDS
from netspec.record import record

_OPS = """
[layer function method]
linear fullyconnected fc inner innerproduct affine gemm proj projection denselayer densegeneral linearlayer: dense
convolution convlayer convolve convnd: conv
conv1dtranspose conv2dtranspose conv3dtranspose convtransposed deconv deconvolution transposedconv transposedconvolution
  upconv: conv_transpose
depthwise dwconv depthwiseconvolution: depthwise_conv
sepconv depthwiseseparableconv separableconvolution: separable_conv
pointwiseconv conv1x1 = x -> conv(32, 1)
locallyconnected localconv unsharedconv: conv_local
maxpooling maximumpool maximumpooling: max_pool
averagepool averagepooling avgpooling meanpool meanpooling: avg_pool
minpooling minimumpool minimumpooling: min_pool
lppooling normpool powerpool: lp_pool
globalaveragepooling globalaveragepool globalavgpooling gap globalmeanpool: global_avg_pool
adaptiveaveragepool adaptiveaveragepooling adaptiveavgpooling: adaptive_avg_pool
adaptivemaximumpool adaptivemaxpooling: adaptive_max_pool
globalmaxpooling globalmaximumpool gmp: global_max_pool
globalsumpool globalsumpooling = x -> sum(axis=[1, 2])
bn batchnormalization batchnormalisation syncbatchnorm: batch_norm
ln layernormalization layernormalisation: layer_norm
gn groupnormalization groupnormalisation: group_norm
instancenormalization instancenormalisation: instance_norm
rms rmsnormalization rmsnormalisation: rms_norm
l2normalize l2normalise l2norm normalize normalise unitnormalization unitnorm = x / norm(x, axis=-1, keepdims=true)
cosinesimilarity = sum(x * x, axis=-1) / (norm(x, axis=-1) * norm(x, axis=-1)) | of the two tensors
weightnormalization weightnormalisation: weight_norm
spectralnormalization spectralnormalisation: spectral_norm
localresponsenorm lrn ~
  a layer of your own is a `block` with `weight` and tensor functions
embedding lookup embeddinglookup embeddings wordembedding tokenembedding embeddinglayer: embed
positionalembedding positionembedding learnedpositionalembedding learnedpositionembedding = x -> learned_positions(512) |
  with `dim T <= 512` for a free length
windowrelativebias swinbias relativepositionbiastable: window_bias
associativescan assocscan selectivescan selectivescanfn linearscan parallelscan lru diagonalssm: linear_recurrence
mixtureofexperts sparsemoe switchmoe mixtralsparsemoeblock moelayer: moe
relativeattentionbias relativepositionalbias t5bias: relative_bias
relativepositionbias: relative_bias window_bias
positionalencoding positionencoding sinusoidalpositionalencoding sinusoidalembedding: sinusoidal_positions
rotaryembedding rotary rotarypositionembedding: rope
mha multihead multiheadattention multiheaddotproductattention attentionlayer dotproductattention scaleddotproductattention sdpa:
  attention self_attention
selfattn multiheadselfattention causalselfattention: self_attention
crossattention crossattn: attention
view: reshape
resizing interpolate imageresize resizelayer: resize
upsampling unpool upscale upsamplinglayer: upsample
downsample subsample = x -> avg_pool(2)
subpixel subpixelconv subpixelupsampling: pixel_shuffle
patchify patchembedding patchembeddings patching: patch_embed
repeatvector = x -> repeat("b d -> b n d", n=10)
concatenate cat merge hstack vstack concatenatelayer: concat
permute permutedims: transpose rearrange
moveaxis: rearrange
flat ravel flattenlayer: flatten
unsqueeze newaxis = x[:, none] | or `expand_dims(x, axis=1)`
chunk unstack unbind tensorsplit: split
croplike cropto centercroplike copyandcrop: crop
zeropad zeropadding zeropadlayer reflectionpad reflectpad replicationpad constantpad: pad
cropping = x[:, 1:-1, 1:-1] | a slice for every axis
rectified rectifier: relu
parametricrelu: prelu
gatedlinearunit: glu
siglu: swiglu
logistic expit: sigmoid
quickgelu = x * sigmoid(1.702 * x)
thresholdedrelu threshold = where(x > 1.0, x, 0.0)
hardshrink softshrink tanhshrink = where(x > 0.5, x - 0.5, where(x < -0.5, x + 0.5, 0.0)) | for a soft threshold
tanhactivation hyperbolictangent: tanh
softmaxlayer softmaxactivation: softmax
softmin = softmax(-x)
logprob logprobs categoricallogprob ~ the log-probability of what was taken: `pick(log_softmax(logits), action)`
activation activationlayer ~ an activation is a stage of its own, by its name: `dense(10) -> relu`
dropoutlayer drop alphadropout featurealphadropout: dropout
stochasticdepth stochdepth layerdrop: drop_path
dropblock = x -> spatial_dropout(0.1) | which drops whole channels
dropconnect = x -> dropout(0.1) | which drops features rather than weights
dropoutnd channeldropout featuredropout: spatial_dropout
noise addnoise gaussiannoiselayer: gaussian_noise
lstmlayer longshorttermmemory: lstm
grulayer gatedrecurrentunit: gru
bidirectionallstm bilstm birnn = x -> bidirectional(lstm_cell(16))
bigru = x -> bidirectional(gru_cell(16))
simplernn vanillarnn elmanrnn = x -> rnn(simple_cell(16))
rnncell simplernncell: simple_cell
recurrent: rnn
mgu minimalgatedunit: mgu_cell
lstmcelllayer optimizedlstmcell: lstm_cell
grucelllayer: gru_cell
timedistributed distribute ~ layers work on the last axis of any tensor, and the layer stands alone
convlstm: conv_lstm_cell
noop passthrough ident: identity
sequential modulelist compose = x -> dense(32) -> relu | stages stand one behind the other
residual skip skipconnection = x + (x -> dense(16) -> relu)
lambda apply ~ tensor expressions stand in the model as they are: `y = 2 * x`
squeezeexcite squeezeexcitation seblock se = s = x -> global_avg_pool -> dense(4) -> relu -> dense(16) -> sigmoid; x * s[:, none, none, :]
bilinearlayer bilinearform: bilinear
loradense loralinear loralayer lowrankadapter lowrankadaptation: lora
dot innerprod vdot bmm mm batchmatmul batchdot: matmul
outer outerproduct = x[:, :, none] * x[:, none, :]
add addition addlayer plus sumlayer = x + x | with the two tensors; `sum(x, axis=1)` adds up along an axis
multiply mul = x * x | with the two tensors
subtract sub = x - x | with the two tensors
divide div truediv = x / x | with the two tensors
power pow = x ** 2
negative neg = -x
average = mean(x, axis=1)
reducemean: mean
reducesum: sum
reducemax amax: max
reducemin amin: min
reduceprod: prod
absolute: abs
ln10 log10 = 0.4343 * log(x)
log2 = 1.4427 * log(x)
reciprocal = 1 / x
clamp clipbyvalue: clip
arange linspace: iota
randn randnormal normal gaussian gaussianrandom randomnormallike: random_normal
rand uniform randuniform randomuniformlike: random_uniform
bernoulli: random_bernoulli
randperm permutation shufflerows shufflebatch shuffleexamples permutebatch: random_permutation
zeroslike = zeros([B, 16])
oneslike = ones([B, 16])
fulllike fill: full
eye = one_hot(iota(16), 16)
astype type totype tofloat convert: cast
detach nograd stopgrad blockgradient: stop_gradient
select cond: where
maskedfill = where(x > 0, x, -inf)
tril triu causalmask = iota(16)[:, none] >= iota(16)[none, :] | the lower triangle as a mask
onehotencode onehotencoding: one_hot
scatteradd scatterelements scatterreduce: scatter
indexadd: segment_sum
indexselect: gather take
gathernd: gather_at
gatherelements takealongdim: take_along_axis
categorical multinomial samplecategorical: random_categorical
topkvalues: top_k
norml2 vectornorm: norm
standarddeviation stddev: std
variance: var
cumulativesum: cumsum
cumprod = exp(cumsum(log(x))) | of positive numbers
sort argsort = values, _ = top_k(x, 16); values | the largest first; `_` are their places
expanddim: expand_dims
expand broadcast broadcastlike: broadcast_to
einsumlayer: einsum
shift: shift_right
swapdims: swap_axes
logit = log(x / (1 - x))
sigmoidlayer: sigmoid

[optimizer]
gradientdescent stochasticgradientdescent nesterov: sgd
ranger rangeroptimizer = lookahead(radam(0.001), sync_period=6) | RAdam with slow parameters behind it
rmspropgraves rmsproptf: rmsprop
sharpnessawareminimization asam: sam
bfgs lbfgsb: lbfgs
adamweightdecay adamwithweightdecay: adamw
clipgradnorm clipgradients gradientclipping clipnorm clipglobalnorm: clip_by_global_norm
weightdecay l2regularization addecayedweights = adamw(0.001, weight_decay=0.1)
reducelronplateau reducelr plateau reducerateonplateau: reduce_on_plateau
multisteps gradientaccumulation ~ write the setting `accumulate = 4` in `train`

[schedule]
cosinedecay cosineannealing cosineannealinglr cosineschedule cosinedecayschedule: cosine
warmupcosinedecayschedule warmupcosinedecay cosinewithwarmup: warmup_cosine
linearschedule lineardecay linearlr: linear
polynomialdecay polynomialschedule polynomiallr: polynomial
constantschedule constantlr: constant
exponentialdecay exponentialdecayschedule exponentiallr: exponential
steplr stepdecay = exponential(0.1, 0.1, every=30 epochs, staircase=true) | or name the moments: `step(0.1, at=[30 epochs], to=[0.01])`
multisteplr piecewiseconstant piecewiseconstantdecay piecewiseconstantschedule: step
piecewiseinterpolate piecewiseinterpolateschedule piecewiselinear interpolated: piecewise
onecycle onecyclelr onecycleschedule cosineonecycleschedule superconvergence: cosine_one_cycle
linearonecycleschedule triangular: linear_one_cycle
sgdr sgdrschedule cosineannealingwarmrestarts cosinewarmrestarts cosinedecayrestarts warmrestarts cosinerestarts cyclic =
  restarts(cosine(0.1), every=10 epochs)
joinschedules sequentiallr chained sequential: join
linearwarmup gradualwarmup warmupschedule: warmup
warmupconstantschedule constantwithwarmup: warmup_constant
warmuplinearschedule linearwithwarmup: warmup_linear
warmupexponentialdecayschedule warmupexponentialdecay: warmup_exponential
wsd trapezoid trapezoidal warmupstabledecay = join([linear(0.0, end=0.1), constant(0.1), linear(0.1)], at=[500 steps, 8_000 steps])
inversesqrt noam rsqrtdecay inversesquareroot: rsqrt

[initializer]
glorot xavier xavierinit: glorot_uniform glorot_normal
he kaiming msra: he_uniform he_normal
lecun: lecun_normal lecun_uniform
gaussian randomnormal normalinit: normal
randomuniform: uniform
truncnormal truncatednormalinit: truncated_normal
zero zeroinit: zeros
one oneinit: ones
orthogonalinit: orthogonal

[dataset transform]
dataloader loader tfds tfdata tensordataset fromtensorslices inmemory numpy: arrays
randomflip randomhorizontalflip horizontalflip hflip fliplr: flip
crop: center_crop random_crop
standardise rescale rescaling normalization: normalize
batched minibatch batchsize: batch
shuffled randomorder: shuffle
"""


@record
class Foreign:
    """What is said of a foreign name."""

    ours: tuple[str, ...] = ()
    """Names of the shelf that mean the same, the best first."""
    code: str = ""
    """How it is written here, where it has no name."""
    words: str = ""

    def how(self) -> str:
        """The advice as help; empty where `ours` says it."""
        if not self.code:
            return self.words
        return f"write {_in_lines(self.code)}{f', {self.words}' if self.words else ''}"


def _in_lines(code: str) -> str:
    *before, last = (f"`{part.strip()}`" for part in code.split(";"))
    return f"{', '.join(before)} and then {last}" if before else last


@lru_cache(maxsize=1)
def foreign_ops() -> Mapping[tuple[str, ...], Mapping[str, Foreign]]:
    """Kinds -> squashed foreign name -> what is said of it."""
    sections: dict[tuple[str, ...], dict[str, Foreign]] = {}
    table: dict[str, Foreign] = {}
    for row in _rows(_OPS + MEASURES):
        if row.startswith("["):
            table = sections.setdefault(tuple(row.strip("[]").split()), {})
        else:
            names, said = _row(row)
            table |= dict.fromkeys(names, said)
    return sections


def _rows(text: str) -> list[str]:
    """The rows of a table; an indented line goes on with the one above."""
    return [row for row in text.strip().replace("\n  ", " ").splitlines() if row]


def _row(row: str) -> tuple[list[str], Foreign]:
    sign = min((s for s in (": ", " = ", " ~ ") if s in row), key=row.index)
    names, said = row.split(sign, 1)
    if sign == ": ":
        return names.split(), Foreign(ours=tuple(said.split()))
    code, _, words = said.partition(" | ") if sign == " = " else ("", "", said)
    return names.split(), Foreign(code=code.strip(), words=words.strip())


@lru_cache(maxsize=1)
def aliases() -> Mapping[str, tuple[str, ...]]:
    """Squashed foreign word -> our words, of every kind: ops, arguments, settings, measures, dtypes."""
    table: dict[str, tuple[str, ...]] = {}
    for names, said in map(_row, _rows(WORDS)):
        table |= {name: (*table.get(name, ()), *said.ours) for name in names}
    for section in foreign_ops().values():
        for name, said in section.items():
            table[name] = tuple(dict.fromkeys((*table.get(name, ()), *said.ours)))
    return table

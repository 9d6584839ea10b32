"""What people coming from other libraries call things: squashed name -> netspec's names, as data for `suggest`. Floor 0.

Only names that exist where they are looked up are ever suggested, so a row may be ahead of the shelf.
"""

from __future__ import annotations

from collections.abc import Mapping

_ROWS = """
linear fullyconnected fc inner innerproduct affine gemm proj projection: dense
convolution: conv
conv1dtranspose conv2dtranspose conv3dtranspose deconv deconvolution transposedconv upconv: conv_transpose
depthwiseconv separableconv dwconv: depthwise_conv conv
maxpooling maximumpool: max_pool
averagepool averagepooling avgpooling meanpool meanpooling: avg_pool
adaptiveavgpool globalaveragepooling globalaveragepool gap globalmeanpool: global_avg_pool
globalmaxpooling adaptivemaxpool: global_max_pool
bn batchnormalization batchnormalisation: batch_norm
ln layernormalization layernormalisation: layer_norm
gn groupnormalization: group_norm
instancenormalization: instance_norm
rms rmsnormalization: rms_norm
embedding lookup embeddinglookup: embed
mha multihead multiheadattention multiheaddotproductattention attentionlayer: attention self_attention
selfattn: self_attention
view resize fold: reshape
concatenate cat merge hstack vstack: concat
permute swapaxes: transpose rearrange
flat: flatten
rectified rectifier: relu
swish: silu swish
logistic expit: sigmoid
tanhactivation hyperbolictangent: tanh
dropoutlayer drop alphadropout spatialdropout: dropout
lstmcell: lstm
grucell: gru
add addition: sum
crossentropy categoricalcrossentropy sparsecategoricalcrossentropy crossentropyloss nllloss softmaxcrossentropywithlogits xent:
  softmax_cross_entropy
bce bceloss binarycrossentropy bcewithlogitsloss logloss: sigmoid_cross_entropy
mse mseloss l2loss squarederror: mean_squared_error
mae maeloss l1loss absoluteerror: mean_absolute_error
acc categoricalaccuracy sparsecategoricalaccuracy: accuracy
momentum gradientdescent stochasticgradientdescent: sgd
adamweightdecay: adamw
cosine cosinedecay cosineannealing cosineannealinglr cosineschedule warmupcosinedecayschedule: warmup_cosine cosine
xavieruniform glorot xavier: glorot_uniform
xaviernormal: glorot_normal
kaiminguniform he kaiming variancescaling: he_uniform he_normal
kaimingnormal: he_normal
lecun: lecun_normal
gaussian randomnormal truncatednormal: normal
zero: zeros
one: ones
units outfeatures filters channels outchannels width hidden: features
kernelsize window size filtersize poolsize ksize: kernel window
strides step: stride
usebias: bias
numheads nheads nhead: heads
p prob probability dropoutrate: rate
lr: learning_rate
eps: epsilon
wd l2: weight_decay
batchsize: batch
epochs epoch numepochs steps: duration
optim optimiser: optimizer
dataset: data
criterion objective: loss
parameters numparams nparams weights numweights: params
macs operations flop: flops
float32 float single fp32: f32
float64 double fp64: f64
float16 half fp16: f16
bfloat16: bf16
int32 int long int64 integer: i32
int8: i8
uint8 byte: u8
uint32: u32
boolean: bool
"""


def _table() -> dict[str, tuple[str, ...]]:
    table: dict[str, tuple[str, ...]] = {}
    for row in _ROWS.replace(":\n  ", ": ").strip().splitlines():
        foreign, ours = row.split(":")
        table |= {name: (*table.get(name, ()), *ours.split()) for name in foreign.split()}
    return table


ALIASES: Mapping[str, tuple[str, ...]] = _table()

"""Lists what people coming from other libraries call arguments, settings, losses, metrics and dtypes, as data for `aliases`. Floor 0."""

from __future__ import annotations

WORDS = """
validation validationsplit validationfraction val valsplit valfraction testsize testsplit testfraction holdout evalsplit evalfraction: test
base thetabase ropetheta ropebase basefrequency: theta
units outfeatures filters channels outchannels width hidden hiddensize hiddendim embeddim embeddingdim dmodel outputdim numfeatures
  outputsize size dim: features
numembeddings inputdim vocabsize vocabulary numwords: vocab
kernelsize filtersize window ksize size: kernel
poolsize kernelsize kernel kernelshape windowshape size: window
strides step subsampling: stride
usebias addbias hasbias: bias
usescale: scale
featuregroupcount numgroups group cardinality: groups
numheads nheads nhead head: heads
p prob probability dropoutrate dropout droprate: rate
dropoutrate attndropout attentiondropout dropoutp: dropout
weightinit kernelinitializer weightinitializer init: kernel_init
biasinitializer: bias_init
embeddinginit embeddingsinitializer initializer: init
gammainitializer scaleinitializer gammainit: scale_init
pad paddingmode: padding
numlayers nlayers: layers
recurrentinitializer recurrentkernelinit recurrentkernelinitializer: recurrent_init
recurrentactivation gatefn gatefunction: gate_activation
activationfn activationfunction nonlinearity act: activation
sequencelength sequencelengths seqlengths seqlen inputlengths: lengths
gobackwards backwards: reverse
returncarry returnfinalstate: return_state
initialstate initialcarry initstate initialstates: initial
mergemode mergefn: merge
iscausal causalmask: causal
mask sequencemask paddingmask: lengths
lengths length sequencelength sequencelengths seqlens seqlengths keypaddingmask srckeypaddingmask paddingmask: mask
attnmask attentionmask: mask
attnbias attentionbias positionbias bias: score_bias
numkvheads numkeyvalueheads keyvalueheads numqueriespergroup: kv_heads
headdim dimhead keydim qkvfeatures: head_size
slidingwindow localwindow localwindowsize windowsize: window
normalizeqk qklayernorm: qk_norm
logitcap logitscap attnlogitsoftcapping: soft_cap
rotarydim rotarysize partialrotaryfactor: rotary
rope userope userotary rotaryemb rotaryembedding ropetheta: rotary
numexperts nexperts numlocalexperts: experts
numexpertspertok numexpertspertoken expertspertoken topkexperts numselectedexperts: top_k
glu useglu swiglu gatedexperts: gated
normtopkprob renormalize: softmax
numbuckets: buckets
maxlen maxlength maxpositionembeddings maxpositions numpositions contextlength blocksize: positions
dim dims axes: axis
keepdim: keepdims
shape size newshape: dims
perm permutation: axes
nclasses numclasses depth: classes
negativeslope alpha: slope
upscalefactor downscalefactor scalefactor blocksize factor: scale
patchsize size kernelsize kernel: patch
outputsize targetsize outsize beamsize beamwidth numbeams width: size
interpolation mode: method
broadcastdims noiseshape: broadcast_axes
countincludepad excludepad: count_padding
normtype norm: p
amin min minval a: low
amax max maxval b: high
numsegments: segments
ignoreindex ignorelabel: ignore
target targets ytrue truth y label groundtruth gold: labels targets
prediction predictions ypred yhat pred preds output outputs input inputs score scores logit: logits predictions
posweight: positive_weight
smoothing labelsmooth: label_smoothing
blankid blankindex: blank
gobackwards backward: reverse
sequencelengths seqlengths seqlens: lengths
decay: momentum
lr stepsize: learning_rate
beta1: b1
beta2: b2
beta: momentum delta
eps: epsilon
epsilon: eps
wd l2 weightdecayrate decay: weight_decay
mask: decay_mask
maxgradnorm clipnorm norm: max_norm
initvalue lr learningrate initlr initiallearningrate initiallr baselr: start
lr learningrate maxlr peaklr: peak
endvalue finalvalue: end
decaysteps totalsteps: duration
warmupsteps: warmup
peakvalue: peak
buffersize: buffer
batchsize bs minibatchsize: size
topk: k
rho alpha: decay
maxnewtokens maxlength maxtokens maxlen newtokens maxdecodelength: limit
eostokenid eostoken eos stoptoken endtoken: stop
bostokenid bostoken bos starttoken decoderstarttokenid: start
meanstd stddev sigma: std
stddev sigma: stddev
epochs epoch numepochs steps numsteps trainsteps: duration
optim optimiser: optimizer
dataset trainingdata traindata: data
criterion objective lossfn lossfunction: loss
accumulationsteps gradientaccumulation accumulategradbatches: accumulate
emadecay: ema
dtype mixedprecision amp: precision
randomseed rngseed: seed
validation val valid evaluation test: eval
parameters numparams nparams weights numweights: params
macs operations flop: flops
memory activations: activation_bytes
float32 float single fp32 tensor floattensor array ndarray: f32
float64 double fp64: f64
float16 half fp16: f16
bfloat16: bf16
int32 int long int64 integer: i32
int8: i8
uint8 byte: u8
uint32: u32
boolean: bool
"""
"""Rows `foreign names: ours`. A name may stand in several rows; only names that the op, section or place has are offered."""

MEASURES = """
[decoder]
generate sampling topksampling: sample greedy
beamsearch: beam
greedysearch argmaxsearch: greedy

[loss]
crossentropy sparsesoftmaxcrossentropy sparsesoftmaxcrossentropywithlogits categoricalcrossentropy sparsecategoricalcrossentropy
  crossentropyloss nllloss negativeloglikelihood xent ce celoss
  softmaxcrossentropywithlogits softmaxcrossentropywithintegerlabels softmaxcrossentropyloss: softmax_cross_entropy
bce bceloss binarycrossentropy bcewithlogits bcewithlogitsloss sigmoidcrossentropywithlogits sigmoidbinarycrossentropy:
  sigmoid_cross_entropy
mse mseloss l2loss l2 squarederror squareerror meansquareerror: mean_squared_error
mae maeloss l1loss l1 absoluteerror: mean_absolute_error
rmse rootmeansquarederror = sqrt(mean_squared_error(predictions, targets))
kld kldiv kldivloss kullbackleibler relativeentropy klloss elbo vaeloss: kl_divergence gaussian_kl
focal focalloss sigmoidfocalloss softmaxfocalloss: softmax_focal sigmoid_focal
hingeloss marginloss softmarginloss multimarginloss multilabelmarginloss multiclasshingeloss: hinge multiclass_hinge
huberloss smoothl1 smoothl1loss: huber
quantileloss pinballloss quantile: pinball
cosineloss cosineembeddingloss tripletloss tripletmarginloss tripletmargin: triplet cosine_distance
contrastiveloss simclr simclrloss ntxentloss nce clipcontrastive cliploss: nt_xent info_nce contrastive
diceloss tversky tverskyloss jaccard jaccardloss iouloss: dice binary_dice

[metric]
acc categoricalaccuracy sparsecategoricalaccuracy: accuracy
topk topkcategoricalaccuracy sparsetopkcategoricalaccuracy topaccuracy: top_k_accuracy
ppl: perplexity
average: mean
f1score fscore fbeta fmeasure: f1 binary_f1
sensitivity truepositiverate tpr: recall binary_recall
positivepredictivevalue ppv: precision binary_precision
meaniou miou jaccardindex jaccardscore intersectionoverunion: iou binary_iou
binaryacc: binary_accuracy
confusion: confusion_matrix
auc rocauc rocaucscore aucroc: auroc
prauc aucpr averageprecision averageprecisionscore: auprc
ece expectedcalibrationerror: calibration_error
r2score rsquared rsquare coefficientofdetermination: r2
levenshtein levenshteindistance worderrorrate wer cer: edit_distance
bleuscore sacrebleu: bleu
exactmatch: sequence_exact
"""

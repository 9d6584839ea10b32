"""Lists what other libraries have as settings of a training, by what each is here, as data for suggestions. Floor 0.

A row has foreign names and, behind `:`, what they are here; behind `~` stands what is true instead, where the line says nothing here.
Names are squashed: no case, no underscores.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from netspec.diagnostics.suggestions.nearest import squash

_ROWS = """
epochs epoch numepochs nepochs maxepochs trainepochs numtrainepochs nbepoch nbepochs totalepochs trainingepochs: epochs
steps numsteps nsteps maxsteps trainsteps totalsteps trainingsteps iterations iters maxiters maxiterations maxiter niter numiterations
  numtrainingsteps maxtrainsteps numtrainsteps: steps
batch batchsize trainbatchsize bs minibatchsize perdevicetrainbatchsize minibatch globalbatchsize: batch
shuffle shuffledata shuffletrain shufflebuffer shufflebuffersize: shuffle
lr learningrate baselr initiallr initlr peaklr maxlr stepsize rate initiallearningrate baselearningrate: learning_rate
weightdecay wd l2 weightdecayrate decay l2reg l2regularization: weight_decay
betas: betas
scheduler lrscheduler lrschedule schedule learningrateschedule lrdecay lrschedulertype learningratescheduler: schedule
warmup warmupsteps warmupepochs numwarmupsteps lrwarmup lrwarmupsteps linearwarmup: warmup
gradientclip gradclip clipnorm maxgradnorm gradientclipval gradientclipping gradclipping clipgradnorm globalclipnorm gradclipnorm
  gradientclipnorm maxnorm clipgradients clipgradient clip clipgrad clipbyglobalnorm gradnormclip gradclipval maxgradientnorm: clip
clipvalue gradientclipvalue gradclipvalue clipgradvalue clipbyvalue: clip_value
optimizerparams optimizerkwargs optimizerargs optimizeroptions: optimizer_arguments
mixedprecision amp useamp fp16 usefp16 bf16 usebf16 half halfprecision autocast dtype computedtype floatx float16 bfloat16 torchdtype
  precisionpolicy mixedprecisionpolicy: precision
gradientaccumulationsteps gradaccum gradaccumsteps gradientaccumulation accumsteps accumulationsteps accumulategradbatches
  accumulategradientbatches: accumulate
randomseed rngseed randomstate manualseed seedeverything: seed
emadecay emamomentum useema exponentialmovingaverage modelema: ema
validationdata valdata validdata evaldata testdata validationset valset testset valdataset evaldataset validationdataset evaluationdata
  validation val valid test evaluation testdataset evaluate evals: eval_data
validationsplit valsplit validationsize valsize validationfraction valfraction evalsplit: validation_split
evalevery evalsteps evalfrequency evalfreq evalinterval validationfreq validationfrequency validationinterval valcheckinterval valevery
  checkvaleverynepoch evaluationstrategy evaleverynepochs validateevery valinterval valfreq evalepochs: eval_every
evallimit limitvalbatches validationsteps evalbatches maxevalbatches: eval_limit
saveevery savesteps savefreq saveinterval checkpointevery checkpointfreq checkpointfrequency checkpointinterval savecheckpointevery
  checkpointsteps saveeveryepochs everynepochs savefrequency ckptevery saveepochs savestrategy checkpointing savecheckpoints savecheckpoint
  ckpt checkpoints: checkpoint_every
savetotallimit maxtokeep keepcheckpoints maxcheckpoints savetopk keeplast keepcheckpointmax: checkpoint_keep
metrics metriclist evalmetrics compilemetrics metricfns: metrics
sampleweight sampleweights exampleweights exampleweight: weights
name runname experiment experimentname jobname: name
device devices accelerator gpus gpu numgpus ngpus cuda usecuda tpu usegpu strategy distributed backend platform
  ~ a training runs on the devices that JAX finds
jit compile jitcompile torchcompile runeagerly ~ every training is compiled
verbose logevery loggingsteps loginterval logeverynsteps progressbar logfrequency logger logging logdir tensorboard wandb logsteps
  printevery
  ~ a training says how it goes, and its run folder keeps every number
outputdir savedir output out rundir checkpointdir savepath ckptdir savedirectory modeldir workdir checkpointpath
  ~ the folder stands on the command line: `netspec train FILE --out DIR`
numworkers nworkers dataloadernumworkers maxworkers: workers
prefetch pinmemory persistentworkers prefetchfactor cache
  ~ how batches are made ready is no setting
datadir dataroot dataroots datapath datafolder root ~ the folder stands on the command line: `netspec train FILE --data DIR`
droplast dropremainder ~ in training a last batch that is not full is left out
model network net architecture modelname ~ the header names the model
earlystopping earlystop patience earlystoppingpatience stoppingpatience earlystoppingrounds: stop_patience
mindelta earlystoppingmindelta earlystoppingthreshold earlystoppingdelta: stop_min_delta
callbacks callback ~ a training ends early by a section `stop { metric = loss; patience = 5 }`
savebest savebestonly monitor mode loadbestmodelatend restorebestweights metricforbestmodel keepbest greaterisbetter monitormetric
  ~ the checkpoint with the lowest loss of validation is kept as the best; `best = max(accuracy)` goes by a metric
lossweights lossweight ~ a weight stands before its term in the loss: `0.5 * huber(…)`
resume resumefrom resumefromcheckpoint ~ a training goes on with `netspec train FILE --out DIR --resume`
inputs input inputkey features x featurecolumns xtrain ~ an input of the model is the field of the same name
dotrain doeval training istraining ~ `netspec train` trains, `netspec eval` measures
stepsperepoch ~ an epoch is once through the data
deterministic benchmark ~ the same file, seed and data give the same run
"""


@lru_cache(maxsize=1)
def _meanings() -> Mapping[str, tuple[str, str]]:
    """Squashed foreign setting -> (what it is here, what is true instead)."""
    table: dict[str, tuple[str, str]] = {}
    for row in _ROWS.strip().replace("\n  ", " ").splitlines():
        sign = ": " if ": " in row.split("~")[0] else " ~ "
        names, said = row.split(sign, 1)
        table |= dict.fromkeys(names.split(), (said, "") if sign == ": " else ("", said))
    return table


def find_meaning(name: str) -> tuple[str, str]:
    """What a foreign setting is here, and what is true instead of it; of other names both are empty."""
    return _meanings().get(squash(name), ("", ""))

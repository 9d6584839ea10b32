"""Holds every limit and budget in one record, so that what a spec, a proof, a report and a data file may cost is read in one place. Floor
0.

A limit is there so that a check always ends soon, whatever it is given: beyond it stands a problem, or the answer that nothing is known,
never a slow machine. docs/language.md lists those that a person may meet; its table is written from here.
"""

from __future__ import annotations

from netspec.record import record


@record
class Limits:
    """How much of each thing there may be; the unit is the field's name. A limit has one reader, or several that must agree."""

    # --- the text of a spec ---------------------------------------------------------------------------------------

    file_bytes: int = 1 << 20
    """Bytes of one spec: what a person writes is a hundredth of it."""
    json_file_bytes: int = 4 << 20
    """Bytes of one spec in JSON, which says the same in more words, and on one line if a program wrote it."""
    line_characters: int = 10_000
    """Characters of one line: a longer one cannot be shown to a person."""
    words: int = 200_000
    """Words of one file; so many are read in less than five seconds, which a test holds it to."""
    name_characters: int = 128
    """Characters of a name, which messages and paths repeat."""
    string_characters: int = 4096
    """Characters of a string as it is written, its quotes included."""
    number_digits: int = 18
    """Digits of a number: all of them fit into 64 bits."""
    brackets: int = 64
    """Brackets inside one another: the tree is walked by recursion."""
    operators: int = 100
    """Operators of one expression, each of which makes its tree deeper."""
    repair_words: int = 200
    """Words further on in a line that are looked at to tell which of two brackets is the odd one."""
    clauses: int = 8
    """`for`s of one comprehension: each is a loop in those before it."""
    spare_depth: int = 8
    """Levels that an expression with brackets may be deeper: the formatter's own parentheses never make a text too deep."""
    json_depth: int = 150
    """Objects and lists inside one another in JSON: it is read by recursion."""
    lock_bytes: int = 32 << 20
    """Of a lock file that is read: those of the largest specs are smaller."""
    json_values: int = 100_000
    """Values of one JSON file, as many as a text of the largest size has."""
    twin_depth: int = 300
    """Nodes inside one another in one expression of JSON; the text form counts brackets and operators, and stays below."""
    mistakes: int = 20
    """Mistakes of one text that are reported: behind so many it is another language, and nobody reads on."""
    translated_characters: int = 50_000
    """Of a text with problems in which forms of other languages are looked for, which takes longer than to read it."""
    translations: int = 3
    """How often such a text is read, each time with the forms that came to light behind the ones before."""
    translated_words: int = 150_000
    """Words that are looked at for that: those of forms inside one another more than once."""

    repair_tries: int = 40
    """Repairs of one file that are tried: each is a check of the whole file."""
    repair_seconds: float = 1.5
    """Seconds of processor time, from the begin of a file's check, after which no further repair is tried, nor another value of an
    argument: a person waits for the answer. A repair for whose check there would be no time is not tried either."""
    tried_arguments: int = 5_000
    """Other values of arguments, of all problems of a file, that are held against shape rules to find the nearest that fit."""
    nested_repairs: int = 8
    """Repairs of one call and of what stands in its parentheses that are applied together."""
    repair_characters: int = 200_000
    """Characters of all texts together that repairs are tried on: in a long file, only the first problems' repairs."""

    # --- imports --------------------------------------------------------------------------------------------------

    import_depth: int = 8
    """Files that lead to one another: nobody follows a longer way."""
    import_files: int = 64
    """Files that one spec opens, each once."""
    import_bytes: int = 4 << 20
    """Bytes of all imported files together."""

    # --- what a spec expands to -----------------------------------------------------------------------------------

    nodes: int = 8_000
    """Nodes that a model may expand to: so many are elaborated in less than two seconds."""
    edges: int = 100_000
    """Tensors that all nodes of a model together may take: so many are looked at in less than two seconds."""
    values: int = 300_000
    """Static values that a model may compute, each item of a list counted; the sections of a file together may compute as many."""
    models: int = 5
    """Times that the models of a file together may have what one may have, of nodes, edges and values."""
    block_depth: int = 64
    """Blocks that use one another in a row: bodies are walked by recursion."""
    repeats: int = 32
    """Repeats inside one another, blocks included: each is an axis of the weights in it, and arrays of NumPy have at most 64."""
    levels: int = 128
    """Bodies of blocks, and regions, inside one another: what comes behind a proof walks them by recursion."""
    depth: int = 400
    """Expressions inside one another, those of the blocks that they call included."""
    frames: int = 10_000
    """Calls of Python inside one another while a file is proved: some 15 for each level of depth."""
    tried_sizes: int = 200
    """Sizes that an op in a block which nobody uses is tried with, before it counts as wrong of every use."""
    call_values: int = 5
    """Values that a call counts as: binding its arguments takes as long as so many."""
    function_depth: int = 16
    """Functions of static values that call one another, one inside the other: they are evaluated by recursion."""
    measure_values: int = 60
    """Values that a loss or metric counts as besides."""
    recurrence_values: int = 60
    """Values that a layer over time counts as besides."""
    passes: int = 10_000
    """Passes of a `repeat`, those of the repeats around it multiplied: each has paths of its own."""
    uses: int = 1_000_000
    """Uses of ops in a model, all passes of its repeats counted: each may have a path of its own."""
    paths: int = 200_000
    """Paths that are compared one by one, where a label looks like the name of an unlabelled use."""
    number: int = 2**63
    """Static whole numbers stay below it, as the programs' own do."""
    range_items: int = 10_000
    """Items of a `range`, which loops are unrolled over."""
    list_items: int = 20_000
    """Items of a list, those of the lists in it included."""
    text_characters: int = 4_096
    """Characters of a string that is put together."""
    exponent: int = 64
    """The exponent of a static power: beyond it only 0, 1 and -1 stay within 64 bits."""

    # --- tensors --------------------------------------------------------------------------------------------------

    axis_size: int = 2**31 - 1
    """The largest size of one axis that a program may have: what 32 bits count."""
    elements: int = 2**40
    """Elements of one tensor: more than any device holds."""
    axes: int = 8
    """Axes of one tensor, more than any layer has a use for."""
    steps: int = 2**31 - 1
    """Steps that no training reaches: they are counted in i32."""
    bins: int = 2**20
    """Bins of a histogram of scores, which a ranking metric keeps for every output."""

    # --- the solver of dims ---------------------------------------------------------------------------------------

    terms: int = 512
    """Terms of a polynomial; one with more is refused (`DimTooComplex`), which keeps every operation short."""
    power: int = 64
    """The largest exponent of a dim with symbols."""
    coefficient_bits: int = 4096
    """Bits of the largest coefficient."""
    floor_depth: int = 24
    """Floors inside floors."""
    floor_characters: int = 2000
    """Characters of the text of a floor, which is its name."""
    question_steps: int = 4000
    """Steps of one question; when they are used up the answer is UNKNOWN."""
    question_factors: int = 32
    """Factors in all terms of a polynomial that is looked at; longer ones are left out, so that a step stays short."""
    peeled_values: int = 16
    """Values tried at the end of a range before the rest is judged as a whole."""
    combined_facts: int = 8
    """Facts about polynomials that one step combines with its own."""
    cases: int = 256
    """Cases that one question is split into."""
    judged_factors: int = 12
    """Factors of a fact in a case in which a symbol is not a number; longer facts are left out of it."""
    shifted_terms: int = 64
    """Terms of a polynomial's expansion around an end; one with more is not measured from it."""
    floor_rounds: int = 2
    """Rounds in which floors are replaced by fractions, one per monomial each time."""
    range_rounds: int = 2
    """Rounds in which ranges are drawn from the stored conditions after a change."""
    added_conditions: int = 32
    """Conditions that one added fact may lead to."""
    stored_conditions: int = 16
    """Polynomial conditions that are kept."""
    repair_candidates: int = 12
    """Facts that are tried as the repair of what cannot be proved."""
    repair_terms: int = 6
    """Terms of a difference for which facts are tried: beyond it no single fact would be a help to read."""
    repair_steps: int = 250
    """Steps after which no further fact is tried."""

    # --- what is proved of a finished graph -----------------------------------------------------------------------

    flow_rounds: int = 10
    """Rounds after which the flows around a loop are taken as they are; two are enough for every op of the shelf."""
    padding_rounds: int = 2
    """Rounds of a loop after which what is known of padding around it is taken as it is."""
    padding_nodes: int = 50_000
    """Nodes of a file that are looked at for padding; loops in loops in loops double them."""
    mask_trials: int = 40
    """Sets of axes with which an op is tried to learn what a mask does to it."""
    counted_windows: int = 16
    """Windows of an axis whose size is a symbol that are counted exactly; of more, each counts as sharing an end with the next."""

    # --- reports --------------------------------------------------------------------------------------------------

    problems: int = 1_000
    """Problems that are drawn; more are counted."""
    sarif_results: int = 5_000
    """Results of one SARIF file: those who read such files have limits of their own."""
    report_characters: int = 10_000_000
    """Characters of a whole report, for the same reason."""
    comment_characters: int = 60_000
    """Characters of a report in Markdown: GitHub takes no comment of more than 65,536, and what a person writes around it has room too."""
    message_characters: int = 2_000
    """Characters of one message, label or help; more is cut with `…`."""
    drawn_places: int = 8
    """Other places of a problem that are drawn; the rest is counted."""
    drawn_changes: int = 4
    """Changes of a shape along a chain that are drawn: the first and the last ones."""
    drawn_calls: int = 5
    """Calls that led to a problem that are drawn: the innermost and the outermost."""
    drawn_differences: int = 12
    """Differences of two specs or trees that a message shows."""
    suggestions: int = 3
    """Names that are proposed in place of an unknown one."""
    folder_files: int = 500
    """Files of a folder that are looked through for one that an import may have meant."""
    repairs_of_a_call: int = 12
    """Ways to write a call that are proposed, of those that its arguments allow."""
    compared_names: int = 200_000
    """Names that unknown ones are compared with in one check; those that come later are reported without a proposal."""
    proposed_size: int = 1_024
    """The largest size that is tried as one which a model allows."""
    listed_names: int = 12
    """Names that are listed where none is near."""
    listed_words: int = 5
    """Words that could stand in a place: when there are more, none is named."""
    listed_paths: int = 4
    """Parameters that a problem of groups names."""
    listed_modules: int = 6
    """Arrays of a PyTorch model that a problem names, of each sort."""
    listed_weights: int = 8
    """Differences between weights that a problem names, of each sort."""
    predicted_lines: int = 50
    """Lines of predictions on the terminal; `--output` writes all."""
    predicted_columns: int = 12
    """Columns of predictions on the terminal."""
    predicted_characters: int = 60
    """Characters of a text beside its prediction on the terminal."""
    described_images: int = 256
    """Pictures of a folder that `netspec data` looks into."""
    described_lines: int = 1_000_000
    """Lines of a table that `netspec data` looks at."""
    listed_files: int = 3
    """Names that would do for one file of data."""
    quoted_characters: int = 60
    """Characters of an expression that a message repeats as it is written."""
    value_characters: int = 40
    """Characters of a bad value in a file of data or JSON that a message repeats."""
    reason_characters: int = 200
    """Characters of another library's reason that a message repeats."""
    plugin_error_characters: int = 300
    """Characters of a plugin's error that a message repeats."""
    marked_lines: int = 4
    """Lines of a place that are all drawn; of a longer one the first and the last are."""
    skipped_lines: int = 5
    """Lines between two drawn ones that are left out without a `...`."""
    metric_lines: int = 100
    """Numbers of a metric that have a line each."""
    metric_columns: int = 24
    """Columns of a metric's matrix that are shown."""
    metric_mistakes: int = 10
    """Numbers of a larger matrix that are shown: what is taken for what most often."""
    reported_lines: int = 1_000
    """Lines of a run's metrics that a report has as a table: the last ones; the curves have all."""
    reported_examples: int = 20_000
    """Examples that are predicted for a report's confusion matrix."""
    reported_errors: int = 24
    """Examples that are shown of the worst errors."""
    reported_tokens: int = 200
    """Elements of a sequence that are shown beside its errors."""
    reported_slips: int = 12
    """Elements of a sequence that are taken for others, of which a report says for what."""
    reported_classes: int = 40
    """Classes of a confusion matrix that is shown as a table; of more, the pairs that are confused most often are listed."""
    reported_picture: int = 96
    """Pixels of a side of a picture in a report: of larger ones fewer are taken."""
    marked_restarts: int = 64
    """Restarts of a schedule that are marked in its course."""
    listed_moments: int = 16
    """Moments of a schedule that are listed below its drawing."""

    # --- files of data and runs -----------------------------------------------------------------------------------

    archive_ratio: int = 100
    """How many times its own size an .npz archive may unpack to."""
    archive_bytes: int = 1 << 20
    """Bytes that an archive of any size may unpack to."""
    archive_header_bytes: int = 10_000
    """Bytes of the header of an array in an archive."""
    text_ratio: int = 200
    """How many times its own size a compressed text may unpack to; text is rarely past ten."""
    records_bytes: int = 2**30
    """Bytes of the records of one IDX or CIFAR-10 file, which are held in memory."""
    manifest_bytes: int = 64 << 20
    """Bytes of a checkpoint's manifest, which has a line for each tensor."""
    run_file_bytes: int = 2**30
    """Bytes of any other file of a run folder that is read as a whole, such as its metrics or a vocabulary, and of a line of answers."""
    program_bytes: int = 2_000_000_000
    """Bytes of compiled programs that the user's cache keeps: a few hundred of large models."""
    unused_program_seconds: int = 30 * 24 * 3600
    """Seconds after which programs of another JAX or processor are deleted, when nobody has used them since."""
    digest_bytes: int = 2**30
    """Bytes of data whose contents a run is known by: they are read in two seconds."""
    compared_bytes: int = 256 * 2**20
    """Bytes of examples that are looked through for some that stand in two parts: it takes half a second."""
    prefetched_batches: int = 2
    """Batches that are made ahead of the step that trains on them."""
    workers: int = 256
    """Processes that decode examples: more than that no one machine has cores for."""
    batches_looked_through: int = 64
    """Batches in which the source of a gradient that is no number is sought."""

    # --- specs of strangers ---------------------------------------------------------------------------------------

    untrusted_seconds: float = 10.0
    """Seconds of one check."""
    untrusted_grace_seconds: int = 2
    """Seconds of processor time beyond it, after which the system ends a check that does not end itself."""
    untrusted_bytes: int = 1 << 30
    """Bytes that the process which checks may take, beyond those that it begins with."""
    untrusted_parameters: int = 10**12
    """Numbers that the parameters of one model have together."""
    untrusted_statements: int = 20_000
    """Statements of one file, sections and settings among them."""


LIMITS = Limits()
"""The limits that hold. A test that wants others puts another record in its place where it is read."""

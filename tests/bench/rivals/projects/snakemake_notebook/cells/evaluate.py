pixels = snakemake.input.pixels
edges = snakemake.input.edges
svm = snakemake.input.svm
forest = snakemake.input.forest
metrics = snakemake.output.metrics
confusion = snakemake.output.confusion

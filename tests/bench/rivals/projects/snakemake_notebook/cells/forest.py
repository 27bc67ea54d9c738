edges = snakemake.input.edges
model = snakemake.output.model
trees = snakemake.params.trees
seed = snakemake.params.seed

pixels = snakemake.input.pixels
model = snakemake.output.model
c = snakemake.params.c
gamma = snakemake.params.gamma

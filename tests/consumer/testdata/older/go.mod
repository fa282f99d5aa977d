module messenger.example/older

go 1.26.0

require (
	github.com/jackc/pgx/v5 v5.6.0
	github.com/pdchannels/pdchannels v0.0.0
	github.com/riverqueue/river v0.11.4
)

replace github.com/pdchannels/pdchannels => ../../../..

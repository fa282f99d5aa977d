module messenger.example/app

go 1.26.0

require github.com/pdchannels/pdchannels v0.0.0

replace github.com/pdchannels/pdchannels => ../../../..

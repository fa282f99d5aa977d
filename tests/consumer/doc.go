// Package consumer is the project as others have it: testdata holds two modules outside this
// one, an app and the test of an app, which are built and run here, and whose go.mod, go.sum
// and linked packages are what a user of wrapper/channels pays.
package consumer

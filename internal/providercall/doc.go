// Package providercall is a messaging app as Pipedrive sees it: URLs to call with the app's own
// credentials, and answers that are held against the document of the provider endpoints.
// The emulator and the conformance run share it; neither shares a line with wrapper/provider,
// whose answers they judge.
package providercall

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"

	"github.com/pdchannels/pdchannels/wrapper/provider"
)

// The figures compare nothing unless both handlers answer the same.
func TestBothHandlersAnswerTheSame(t *testing.T) {
	t.Parallel()
	h, err := provider.NewHandler(onePage{page: page()}, provider.BasicAuth("id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	get, closeAll, err := getting(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	var body bytes.Buffer
	if err := get(t.Context(), &body); err != nil {
		t.Fatal(err)
	}
	got := &handPage{}
	d := json.NewDecoder(&body)
	d.DisallowUnknownFields()
	if err := d.Decode(got); err != nil || !reflect.DeepEqual(got, pageByHand(page())) {
		t.Errorf("the handler answered another page than the one by hand: %v", err)
	}
}

// A handler that fails must not pass for a fast one.
func TestGettingSeesAFailure(t *testing.T) {
	t.Parallel()
	get, closeAll, err := getting(t.Context(), http.NotFoundHandler())
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll()
	if err := get(t.Context(), &bytes.Buffer{}); err == nil {
		t.Error("a 404 passed for a page")
	}
}

func BenchmarkGetConversations(b *testing.B) {
	s, err := openGetConversations(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.close()
	for name, call := range map[string]func(context.Context) error{"handler": s.ours, "by_hand": s.byHand} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

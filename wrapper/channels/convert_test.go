package channels

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pdchannels/pdchannels/gen/channelsclient"
)

// A field that is added to the document appears in the generated types by itself, and is
// then lost on the way to or from the public ones. This test names it.
func TestEveryFieldIsMapped(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fill    any        // a pointer to what is converted
		convert func() any // what it becomes
	}{
		mapped("AddChannelRequest", AddChannelRequest.wire),
		mapped("ReceiveMessageRequest", ReceiveMessageRequest.wire),
		mapped("Channel", channelFromWire),
		mapped("Message", messageFromWire),
	} {
		fill(reflect.ValueOf(tt.fill).Elem())
		for _, field := range empty(tt.name, reflect.ValueOf(tt.convert())) {
			if field == "Channel.Inferred" { // which the client sets, where no answer tells of a channel
				continue
			}
			t.Errorf("%s is not set from %T: map it in convert.go", field, tt.fill)
		}
	}
	for _, tt := range []struct {
		name    string
		convert any
	}{
		{"AddChannelRequest", AddChannelRequest.wire},
		{"ReceiveMessageRequest", ReceiveMessageRequest.wire},
		{"Channel", channelFromWire},
		{"Message", messageFromWire},
	} {
		convert := reflect.ValueOf(tt.convert)
		from := reflect.New(convert.Type().In(0)).Elem()
		one := func() any { return convert.Call([]reflect.Value{from})[0].Interface() }
		for name, field := range leaves(tt.name, from) {
			before := one()
			fill(field)
			if reflect.DeepEqual(before, one()) {
				t.Errorf("%s of %v is lost: map it in convert.go", name, from.Type())
			}
		}
	}
}

// leaves yields every field below v, in lists too.
func leaves(name string, v reflect.Value) iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for field, value := range v.Fields() {
			if name := name + "." + field.Name; value.Kind() == reflect.Slice {
				value.Set(reflect.MakeSlice(value.Type(), 1, 1))
				for name, value := range leaves(name+"[0]", value.Index(0)) {
					if !yield(name, value) {
						return
					}
				}
			} else if !yield(name, value) {
				return
			}
		}
	}
}

// The requests that are parameters only have no type in the document to be compared with.
func TestPathParametersAreArguments(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ public, build any }{
		{DeleteChannelRequest{}, channelsclient.NewDeleteChannelRequest},
		{DeleteConversationRequest{}, channelsclient.NewDeleteConversationRequest},
	} {
		public, build := reflect.TypeOf(tt.public), reflect.TypeOf(tt.build)
		if public.NumField() != build.NumIn()-1 { // the first argument is the server
			t.Errorf("%v has the fields %v, the generated builder takes %v", public, fieldNames(public), build)
		}
	}
}

func mapped[From, To any](name string, convert func(From) To) struct {
	name    string
	fill    any
	convert func() any
} {
	from := new(From)
	return struct {
		name    string
		fill    any
		convert func() any
	}{name, from, func() any { return convert(*from) }}
}

// fill sets every field to something that is not its zero value.
func fill(v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 7, 58, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	default:
		panic(fmt.Sprintf("a field of a kind this test does not know: %v", v.Type()))
	}
}

// empty names the fields that are at their zero value.
func empty(name string, v reflect.Value) []string {
	if v.Type() == reflect.TypeFor[time.Time]() || v.Kind() != reflect.Struct && v.Kind() != reflect.Slice && v.Kind() != reflect.Pointer {
		if v.IsZero() {
			return []string{name}
		}
		return nil
	}
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil(), v.Kind() == reflect.Slice && v.Len() == 0:
		return []string{name}
	case v.Kind() == reflect.Pointer:
		return empty(name, v.Elem())
	case v.Kind() == reflect.Slice:
		return empty(name+"[0]", v.Index(0))
	}
	var names []string
	for field, value := range v.Fields() {
		if strings.HasSuffix(v.Type().PkgPath(), "/internal/wire") && field.Name != "Time" {
			continue // what a time notes about itself
		}
		names = append(names, empty(name+"."+field.Name, value)...)
	}
	return names
}

func fieldNames(t reflect.Type) (names []string) {
	for field := range t.Fields() {
		names = append(names, field.Name)
	}
	return names
}

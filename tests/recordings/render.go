// What a call returns, as text for the result section of a file.

package recordings

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Render writes every field of a result on a line of its own.
func Render(result any) string {
	v := reflect.ValueOf(result)
	if v.Kind() != reflect.Struct {
		return fmt.Sprint(result)
	}
	var b strings.Builder
	b.WriteString(v.Type().Name())
	renderFields(&b, v, "\n  ", "\n  ")
	return b.String()
}

func renderFields(b *strings.Builder, v reflect.Value, first, next string) {
	separator := first
	for i := range v.NumField() {
		b.WriteString(separator + v.Type().Field(i).Name + ":")
		separator = next
		renderValue(b, v.Field(i), next)
	}
}

func renderValue(b *strings.Builder, v reflect.Value, next string) {
	at, isTime := reflect.TypeAssert[time.Time](v)
	switch kind := v.Kind(); {
	case isTime:
		b.WriteString(" " + renderTime(at))
	case kind == reflect.Struct:
		renderFields(b, v, next+"  ", next+"  ")
	case kind == reflect.Slice && v.Len() == 0:
		b.WriteString(" none")
	case kind == reflect.Slice:
		fmt.Fprintf(b, " %d", v.Len())
		for i := range v.Len() {
			renderFields(b, v.Index(i), next+"  - ", next+"    ")
		}
	case kind == reflect.String:
		fmt.Fprintf(b, " %q", v.String())
	default:
		fmt.Fprintf(b, " %v", v.Interface())
	}
}

func renderTime(t time.Time) string {
	switch {
	case t.IsZero():
		return "zero"
	case t.Location() != time.UTC:
		return "not in UTC: " + t.String()
	default:
		return t.Format(time.RFC3339Nano)
	}
}

// Check 1: requests and answers are as their document in spec/ has them, in the eyes of
// kin-openapi, which knows nothing of us.
package contract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/pdchannels/pdchannels/spec"
	"github.com/pdchannels/pdchannels/tests/recordings"
)

// document loads spec/channels.yaml anew, so that a test may change what it gets.
func document(t testing.TB) *openapi3.T {
	t.Helper()
	return load(t, spec.Channels)
}

// providerDocument loads spec/provider.yaml likewise.
func providerDocument(t testing.TB) *openapi3.T {
	t.Helper()
	return load(t, spec.Provider)
}

func load(t testing.TB, text []byte) *openapi3.T {
	t.Helper()
	knowHTML()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestRecordingsAreAsTheDocumentHasThem(t *testing.T) {
	t.Parallel()
	for _, s := range sides {
		doc := s.document(t)
		for _, r := range s.corpus(t) {
			t.Run(r.Name, func(t *testing.T) {
				t.Parallel()
				judge(t, r, recordings.CheckRequest, validRequest(doc, r))
				judge(t, r, recordings.CheckResponse, validResponse(doc, r))
			})
		}
	}
}

// judge fails if a recording fails the check, unless it is exempt: then, if it does not.
func judge(t *testing.T, r *recordings.Recording, check recordings.Check, err error) {
	t.Helper()
	switch exempt := r.ExemptFrom(check); {
	case err != nil && !exempt:
		t.Errorf("%s: %v", check, err)
	case err == nil && exempt:
		t.Errorf("exempt from %s, but passes it: take the exemption out", check)
	}
}

func validRequest(doc *openapi3.T, r *recordings.Recording) error {
	input, err := requestInput(doc, r)
	if err != nil {
		return err
	}
	if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
		return err
	}
	body := input.Route.Operation.RequestBody
	switch {
	case body == nil && r.Request.Body != "":
		return errors.New("the operation takes no body")
	case body == nil:
		return nil
	case body.Value.Content["multipart/form-data"] != nil:
		return knownFields(body.Value.Content["multipart/form-data"].Schema.Value, recordings.Compact(r.Request).Body)
	default:
		return knownKeys(body.Value.Content.Get("application/json").Schema.Value, r.Request.Body)
	}
}

func validResponse(doc *openapi3.T, r *recordings.Recording) error {
	request, err := requestInput(doc, r)
	if err != nil {
		return err
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request,
		Status:                 r.Response.Status,
		Header:                 r.Response.Header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true},
	}
	input.SetBodyBytes([]byte(r.Response.Body))
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		return err
	}
	schema := answerSchema(request.Route.Operation, r.Response.Status)
	if schema == nil || r.Given.Fault == "newer" || r.Response.Header.Get("Content-Type") != "application/json" {
		return nil
	}
	return knownKeys(schema, r.Response.Body)
}

// requestInput is the request of a recording for kin-openapi, routed by hand: its routers
// take an encoded slash for a slash.
func requestInput(doc *openapi3.T, r *recordings.Recording) (*openapi3filter.RequestValidationInput, error) {
	route, params, err := find(doc, r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(context.Background(), r.Request.Method, "http://127.0.0.1"+r.Request.Path, strings.NewReader(recordings.Compact(r.Request).Body))
	if err != nil {
		return nil, err
	}
	req.Header = r.Request.Header.Clone()
	return &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: carriesCredential},
	}, nil
}

// find finds the operation that the request is for, which must be the one the recording names.
func find(doc *openapi3.T, r *recordings.Recording) (*routers.Route, map[string]string, error) {
	_, path, _ := strings.Cut(r.Request.Path, "/channels")
	path, _, _ = strings.Cut(path, "?")
	segments := strings.Split("/channels"+path, "/")
	for template, item := range doc.Paths.Map() {
		op := item.GetOperation(r.Request.Method)
		if op == nil || op.OperationID != r.Operation {
			continue
		}
		parts := strings.Split(template, "/")
		if len(parts) != len(segments) {
			continue
		}
		params := map[string]string{}
		same := true
		for i, part := range parts {
			if name, ok := strings.CutPrefix(part, "{"); ok {
				value, err := url.PathUnescape(segments[i])
				if err != nil {
					return nil, nil, err
				}
				params[strings.TrimSuffix(name, "}")] = value
				continue
			}
			same = same && part == segments[i]
		}
		if same {
			return &routers.Route{Spec: doc, Path: template, PathItem: item, Method: r.Request.Method, Operation: op}, params, nil
		}
	}
	return nil, nil, fmt.Errorf("the document has no %s at %s %s", r.Operation, r.Request.Method, r.Request.Path)
}

// carriesCredential tells whether a request has the header of a security scheme.
func carriesCredential(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	name, prefix := in.SecurityScheme.Name, ""
	switch in.SecurityScheme.Type {
	case "oauth2":
		name, prefix = "Authorization", "Bearer "
	case "http":
		name, prefix = "Authorization", "Basic "
	}
	value, ok := strings.CutPrefix(in.RequestValidationInput.Request.Header.Get(name), prefix)
	if !ok || value == "" {
		return errors.New("the credential is missing")
	}
	return nil
}

// answerSchema is the schema of a JSON answer; nil if the status has none.
func answerSchema(op *openapi3.Operation, status int) *openapi3.Schema {
	response := op.Responses.Status(status)
	if response == nil {
		response = op.Responses.Default()
	}
	media := response.Value.Content["application/json"]
	if media == nil {
		return nil
	}
	return media.Schema.Value
}

// knownKeys fails at a property that the schema does not have: JSON Schema would let it
// pass, and with it every misspelt or renamed property that is optional.
func knownKeys(schema *openapi3.Schema, body string) error {
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return err
	}
	if unknown := unknownKeys(schema, value, ""); len(unknown) > 0 {
		return fmt.Errorf("the document does not know %s", strings.Join(unknown, ", "))
	}
	return nil
}

// knownFields does the same for the fields of a form.
func knownFields(schema *openapi3.Schema, body string) error {
	form := multipart.NewReader(strings.NewReader(body), recordings.Boundary)
	for {
		part, err := form.NextPart()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case schema.Properties[part.FormName()] == nil:
			return fmt.Errorf("the document does not know the field %s", part.FormName())
		}
	}
}

func unknownKeys(schema *openapi3.Schema, value any, at string) (unknown []string) {
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			property := schema.Properties[key]
			if property == nil {
				unknown = append(unknown, at+key)
				continue
			}
			unknown = append(unknown, unknownKeys(property.Value, value[key], at+key+".")...)
		}
	case []any:
		for _, item := range value {
			unknown = append(unknown, unknownKeys(schema.Items.Value, item, at)...)
		}
	}
	return unknown
}

// knowHTML teaches kin-openapi the media type of a proxy's answers.
var knowHTML = sync.OnceFunc(func() {
	openapi3filter.RegisterBodyDecoder("text/html",
		func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
			text, err := io.ReadAll(r)
			return string(text), err
		})
})

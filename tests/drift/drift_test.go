package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The package of these tests is small, made by hand in the shape that OpenAPI Generator gives
// the vendor's; a document beside it says the same.
const (
	declarations = `
export declare const ChannelsApiAxiosParamCreator: (configuration?: Configuration) => {
    /**
     * Adds one.
     * @deprecated
     */
    addChannel: (AddChannelRequest?: AddChannelRequest) => Promise<RequestArgs>;
    /**
     * Deletes one.
     */
    deleteChannel: (id: string) => Promise<RequestArgs>;
};
export declare class ChannelsApi extends BaseAPI {
    addChannel(requestParameters?: ChannelsApiAddChannelRequest): Promise<AddChannelResponse>;
    deleteChannel(requestParameters: ChannelsApiDeleteChannelRequest): Promise<DeleteChannel200Response>;
}
`
	code = `
        addChannel: (AddChannelRequest) => __awaiter(this, void 0, void 0, function* () {
            const localVarPath = ` + "`/channels`" + `;
            const localVarRequestOptions = Object.assign({ method: 'POST' }, baseOptions);
        deleteChannel: (id) => __awaiter(this, void 0, void 0, function* () {
            const localVarPath = ` + "`/channels/{id}`" + `
            const localVarRequestOptions = Object.assign({ method: 'DELETE' }, baseOptions);
`
	request = `export interface AddChannelRequest {
    'name': string;
    'icons'?: Array<AddChannelRequestIconsInner>;
    'provider_type'?: AddChannelRequestProviderTypeConst;
}
export declare const AddChannelRequestProviderTypeConst: {
    readonly whatsapp: "whatsapp";
    readonly other: "other";
};
`
	document = `
openapi: 3.0.3
info: {title: t, version: 1.0.0}
paths:
  /channels:
    post:
      operationId: addChannel
      deprecated: true
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: {type: string}
                icons: {type: array, items: {type: object, required: [size], properties: {size: {type: integer}}}}
                provider_type: {type: string, enum: [other, whatsapp]}
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {success: {type: boolean}}}}}}}
  /channels/{id}:
    delete:
      operationId: deleteChannel
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {success: {type: boolean}}}}}}}
`
)

// unpacked writes the package, each file edited by the pairs that follow, and returns its folder.
func unpacked(t *testing.T, oldNew ...string) string {
	t.Helper()
	dir, edit := t.TempDir(), strings.NewReplacer(oldNew...)
	for name, text := range map[string]string{
		"package.json":                                `{"name": "client", "version": "1.2.3"}`,
		"api/channels-api.d.ts":                       declarations,
		"api/channels-api.js":                         code,
		"models/add-channel-request.d.ts":             request,
		"models/add-channel-response.d.ts":            "export interface AddChannelResponse {\n    'success'?: boolean;\n}\n",
		"models/delete-channel200-response.d.ts":      "export interface DeleteChannel200Response {\n    'success'?: boolean;\n}\n",
		"models/add-channel-request-icons-inner.d.ts": "export interface AddChannelRequestIconsInner {\n    'size': number;\n}\n",
	} {
		file := filepath.Join(dir, "dist", "versions", "v1", name)
		if name == "package.json" {
			file = filepath.Join(dir, name)
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(edit.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestEachDifferenceIsNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		edit []string
		want string
	}{
		"nothing":           {nil, ""},
		"a new field":       {[]string{"'name': string;", "'name': string;\n    'colour'?: string;"}, "addChannel request: the package has colour (string), the document lacks it"},
		"a field gone":      {[]string{"    'name': string;\n", ""}, "addChannel request: the document has name (string), the package lacks it"},
		"a deeper field":    {[]string{"'size': number;", "'width': number;"}, "addChannel request: the document has icons[].size (number), the package lacks it\naddChannel request: the package has icons[].width (number), the document lacks it"},
		"another type":      {[]string{"'name': string;", "'name': number;"}, "addChannel request: name is a number in the package, a string in the document"},
		"no longer needed":  {[]string{"'name': string;", "'name'?: string;"}, "addChannel request: name: required is false in the package, true in the document"},
		"a new value":       {[]string{`readonly other: "other";`, `readonly other: "other"; readonly viber: "viber";`}, "addChannel request: provider_type is one of [other viber whatsapp] in the package, one of [other whatsapp] in the document"},
		"another path":      {[]string{"/channels/{id}", "/inbox/{id}"}, "deleteChannel: the package calls DELETE /inbox/{id}, the document says DELETE /channels/{id}"},
		"another method":    {[]string{"'DELETE'", "'POST'"}, "deleteChannel: the package calls POST /channels/{id}, the document says DELETE /channels/{id}"},
		"deprecated":        {[]string{"* Deletes one.", "* Deletes one.\n     * @deprecated"}, "deleteChannel: deprecated is true in the package, false in the document"},
		"an operation gone": {[]string{"    deleteChannel(requestParameters", "    // deleteChannel(requestParameters"}, "deleteChannel: the document has it (DELETE /channels/{id}), the package lacks it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := readPackage(unpacked(t, c.edit...))
			if err != nil {
				t.Fatal(err)
			}
			d, err := documented([]byte(document))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(compare(p.operations, d), "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// What cannot be read is no difference: whoever reads the report would look for it in the API.
func TestAnotherShapeIsAnError(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string][]string{
		"no operations":  {"(requestParameters", "(parameters"},
		"no path":        {"localVarPath", "aPath"},
		"a lost model":   {"Promise<AddChannelResponse>", "Promise<AddedChannel>"},
		"no interface":   {"export interface AddChannelRequest ", "export type AddChannelRequest ="},
		"no package":     {`{"name"`, `"name"`},
		"an endless one": {"'size': number;", "'icons': Array<AddChannelRequestIconsInner>;"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p, err := readPackage(unpacked(t, edit...)); err == nil {
				t.Errorf("read %+v, want an error", p)
			}
		})
	}
}

// When all four are gone their file is, too.
func TestAPackageWithoutTheAPI(t *testing.T) {
	t.Parallel()
	dir := unpacked(t)
	if err := os.Remove(filepath.Join(dir, "dist", "versions", "v1", "api", "channels-api.d.ts")); err != nil {
		t.Fatal(err)
	}
	report, same, err := drift([]string{dir})
	if err != nil || same || strings.Count(report, "the package lacks it") != 4 {
		t.Errorf("same: %v, %v, reported\n%s", same, err, report)
	}
}

func TestWithoutAPackage(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"no folder": nil, "an empty one": {t.TempDir()}} {
		if report, _, err := drift(args); err == nil {
			t.Errorf("%s: reported %q, want an error", name, report)
		}
	}
}

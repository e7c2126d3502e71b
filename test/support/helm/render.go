// Renders a chart as Helm's template engine does: text/template with sprig and the functions that Helm adds, values read
// as YAML 1.1 through JSON, merged over those of the chart, a null taking a key away. It reads requests from standard
// input and writes what came out of each to standard output. It has no dependencies of charts, no lookups in a cluster
// and no schema: values are held to values.schema.json by the tests.
//
// See https://github.com/helm/helm/blob/v3.11.1/pkg/engine/engine.go, funcs.go and pkg/chartutil/coalesce.go
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type values = map[string]interface{}

// One `helm template RELEASE CHART --namespace NAMESPACE --values …`.
type request struct {
	Release   string   `json:"release"`
	Namespace string   `json:"namespace"`
	Values    []string `json:"values"`
}

// What it printed, by file and without files that hold nothing; or why it failed.
type answer struct {
	Files  map[string]string `json:"files,omitempty"`
	Values values            `json:"values,omitempty"`
	Error  string            `json:"error,omitempty"`
}

func main() {
	var requests []request
	if err := json.NewDecoder(os.Stdin).Decode(&requests); err != nil {
		exit(err)
	}
	chart, err := load(os.Args[1])
	if err != nil {
		exit(err)
	}
	answers := make([]answer, len(requests))
	for i, each := range requests {
		files, merged, err := chart.render(each)
		answers[i] = answer{Files: files, Values: merged}
		if err != nil {
			answers[i] = answer{Values: merged, Error: err.Error()}
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(answers); err != nil {
		exit(err)
	}
}

func exit(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

type chart struct {
	metadata  values
	values    string
	templates map[string]string
}

func load(directory string) (chart, error) {
	loaded := chart{templates: map[string]string{}}
	described, err := os.ReadFile(filepath.Join(directory, "Chart.yaml"))
	if err != nil {
		return loaded, err
	}
	fields := values{}
	if err := yaml.Unmarshal(described, &fields); err != nil {
		return loaded, err
	}
	// Templates see fields of a structure in Go.
	loaded.metadata = values{}
	for name, value := range fields {
		loaded.metadata[strings.ToUpper(name[:1])+name[1:]] = value
	}
	defaults, err := os.ReadFile(filepath.Join(directory, "values.yaml"))
	if err != nil {
		return loaded, err
	}
	loaded.values = string(defaults)
	root := filepath.Join(directory, "templates")
	return loaded, filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(directory, path)
		loaded.templates[filepath.ToSlash(name)] = string(text)
		return err
	})
}

func (c chart) render(wanted request) (map[string]string, values, error) {
	merged := values{}
	for i := len(wanted.Values) - 1; i >= -1; i-- {
		text := c.values
		if i >= 0 {
			text = wanted.Values[i]
		}
		given := values{}
		if err := yaml.Unmarshal([]byte(text), &given); err != nil {
			return nil, nil, err
		}
		merge(merged, given)
	}
	withoutNulls(merged)
	root := template.New("gotpl").Option("missingkey=zero")
	root.Funcs(functions(root))
	names := make([]string, 0, len(c.templates))
	for name := range c.templates {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if _, err := root.New(name).Parse(c.templates[name]); err != nil {
			return nil, merged, err
		}
	}
	files := map[string]string{}
	for _, name := range names {
		if strings.HasPrefix(filepath.Base(name), "_") {
			continue
		}
		top := values{
			"Values": merged,
			"Chart":  c.metadata,
			"Release": values{
				"Name": wanted.Release, "Namespace": wanted.Namespace, "Service": "Helm",
				"IsInstall": true, "IsUpgrade": false, "Revision": 1,
			},
			"Capabilities": values{"KubeVersion": values{"Version": "v1.26.0", "Major": "1", "Minor": "26"}},
			"Template":     values{"Name": name, "BasePath": "templates"},
		}
		var out strings.Builder
		if err := root.ExecuteTemplate(&out, name, top); err != nil {
			return nil, merged, err
		}
		text := strings.ReplaceAll(out.String(), "<no value>", "")
		if strings.TrimSpace(text) != "" {
			files[name] = text
		}
	}
	return files, merged, nil
}

// Puts in what is not there yet: what comes first wins, also when it is null.
func merge(into, more values) {
	for name, value := range more {
		known, there := into[name]
		if !there {
			into[name] = value
			continue
		}
		one, isMap := known.(values)
		other, areMaps := value.(values)
		if isMap && areMaps {
			merge(one, other)
		}
	}
}

func withoutNulls(of values) {
	for name, value := range of {
		if value == nil {
			delete(of, name)
		} else if inner, isMap := value.(values); isMap {
			withoutNulls(inner)
		}
	}
}

func functions(root *template.Template) template.FuncMap {
	all := sprig.TxtFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	depth := map[string]int{}
	include := func(name string, data interface{}) (string, error) {
		if depth[name] > 1000 {
			return "", fmt.Errorf("%q includes itself", name)
		}
		depth[name]++
		defer func() { depth[name]-- }()
		var out strings.Builder
		err := root.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all["include"] = include
	all["tpl"] = func(text string, data interface{}) (string, error) {
		copied, err := root.Clone()
		if err != nil {
			return "", err
		}
		parsed, err := copied.New("tpl").Parse(text)
		if err != nil {
			return "", err
		}
		var out strings.Builder
		err = parsed.Execute(&out, data)
		return out.String(), err
	}
	all["required"] = func(warning string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return value, errors.New(warning)
		}
		return value, nil
	}
	all["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	all["lookup"] = func(string, string, string, string) (values, error) { return values{}, nil }
	all["toYaml"] = func(value interface{}) string {
		text, err := yaml.Marshal(value)
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(string(text), "\n")
	}
	all["fromYaml"] = func(text string) values {
		read := values{}
		if err := yaml.Unmarshal([]byte(text), &read); err != nil {
			read["Error"] = err.Error()
		}
		return read
	}
	all["toJson"] = func(value interface{}) string {
		text, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return all
}

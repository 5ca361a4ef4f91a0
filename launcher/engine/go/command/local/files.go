package local

import (
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func collectFiles(folder string, inputs BaseInputs, outputs BaseOutputs) (BaseOutputs, error) {
	if inputs.AssetPaths != nil {
		found, err := findFiles(folder, *inputs.AssetPaths)
		if err != nil {
			return outputs, err
		}
		assets := map[string]*types.AssetOrArchive{}
		for name, asset := range found {
			assets[name] = &types.AssetOrArchive{Asset: asset.(*resource.Asset)}
		}
		outputs.Assets = &assets
	}
	if inputs.ArchivePaths != nil {
		found, err := findFiles(folder, *inputs.ArchivePaths)
		if err != nil {
			return outputs, err
		}
		archive, err := resource.NewAssetArchive(found)
		if err != nil {
			return outputs, err
		}
		outputs.Archive = archive
	}
	return outputs, nil
}

type rule struct {
	glob.Glob
	excludes bool
}

// findFiles gives the files in a folder that match patterns, as assets by their path in the folder. The last pattern
// that matches decides; one that begins with `!` excludes.
func findFiles(folder string, patterns []string) (map[string]any, error) {
	var rules []rule
	for _, pattern := range patterns {
		pattern, excludes := strings.CutPrefix(pattern, "!")
		compiled, err := glob.Compile(pattern, '/')
		if err != nil {
			return nil, err
		}
		rules = append(rules, rule{compiled, excludes})
	}
	found := map[string]any{}
	return found, fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !picked(name, rules) {
			return err
		}
		found[name], err = resource.NewPathAsset(path.Join(folder, name))
		return err
	})
}

func picked(name string, rules []rule) bool {
	picks := false
	for _, rule := range rules {
		if rule.Match(name) {
			picks = !rule.excludes
		}
	}
	return picks
}

// A stand-in for pulumi-resource-command: resources that run commands and copy files, locally and over ssh.
// launcher/engine/README.md says what it leaves out.
package main

import (
	"context"
	"fmt"
	"os"

	"ha-web-lab/launcher/engine/command/local"
	"ha-web-lab/launcher/engine/command/process"
	"ha-web-lab/launcher/engine/command/remote"

	provider "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/schema"
)

// version is set by the linker.
var version = "0.0.0-dev"

func main() {
	process.EndWithParent()
	if err := plugin().Run(context.Background(), "command", version); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func plugin() provider.Provider {
	return infer.Provider(infer.Options{
		Metadata: schema.Metadata{
			DisplayName: "Command",
			LanguageMap: map[string]any{"nodejs": map[string]any{"respectSchemaVersion": true}},
		},
		Resources: []infer.InferredResource{
			infer.Resource(&local.Command{}),
			infer.Resource(&remote.Command{}),
			infer.Resource(&remote.CopyToRemote{}),
		},
		Functions: []infer.InferredFunction{infer.Function(&local.Run{})},
	})
}

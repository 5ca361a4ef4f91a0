package remote

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/sftp"
)

// remoteFiles copies to a path of another machine, and overwrites files there. The server chooses modes and owners;
// missing parent folders are made, and nothing is deleted. The resulting paths are those of the genuine plugin:
//
//	source | existing folder      | nothing there         | existing file
//	dir    | target/dir           | target/dir            | error
//	dir/   | target/x for all x   | target/x for all x    | error
//	file   | target/file          | target                | target
//	text   | error                | target                | target
type remoteFiles struct{ *sftp.Client }

func (r remoteFiles) copyText(text, target string) error {
	existing, err := r.stat(target)
	if err != nil {
		return err
	}
	if existing != nil && existing.IsDir() {
		return fmt.Errorf("remote path %s is a directory; when using a text asset, remotePath must be a file path", target)
	}
	if err := r.makeParents(target); err != nil {
		return err
	}
	return r.write(target, "write text content", strings.NewReader(text))
}

func (r remoteFiles) copyPath(source, target string) error {
	file, err := os.Open(source)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	existing, err := r.stat(target)
	if err != nil {
		return err
	}
	if info.IsDir() {
		if existing == nil {
			if err := r.MkdirAll(target); err != nil {
				return fmt.Errorf("failed to create remote directory %s: %w", target, err)
			}
		}
		if !strings.HasSuffix(source, "/") {
			target = filepath.Join(target, filepath.Base(source))
		}
		return r.copyFolder(source, target)
	}
	if existing == nil {
		if err := r.makeParents(target); err != nil {
			return err
		}
	} else if existing.IsDir() {
		target = filepath.Join(target, filepath.Base(source))
	}
	return r.write(target, "copy file "+source, file)
}

// copyFolder follows symbolic links to files. A link to a folder is an error.
func (r remoteFiles) copyFolder(source, target string) error {
	return fs.WalkDir(os.DirFS(source), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(target, name)
		if entry.IsDir() {
			return r.makeFolder(to)
		}
		from := filepath.Join(source, name)
		file, err := os.Open(from)
		if err != nil {
			return err
		}
		defer file.Close()
		return r.write(to, "copy file "+from, file)
	})
}

func (r remoteFiles) makeFolder(target string) error {
	existing, err := r.stat(target)
	if err != nil {
		return err
	}
	if existing != nil && !existing.IsDir() {
		return fmt.Errorf("remote path %s exists but is not a directory", target)
	}
	if existing == nil {
		if err := r.Mkdir(target); err != nil {
			return fmt.Errorf("failed to create remote directory %s: %w", target, err)
		}
	}
	return nil
}

// makeParents makes the folder "path/" for the target "path/", like the genuine plugin: the first copy to such a target
// then fails, and a second copy of a file ends in the folder.
func (r remoteFiles) makeParents(target string) error {
	if err := r.MkdirAll(filepath.Dir(target)); err != nil {
		return fmt.Errorf("failed to create parent directories for %s: %w", target, err)
	}
	return nil
}

// write names in its errors what was done.
func (r remoteFiles) write(target, what string, content io.Reader) error {
	file, err := r.Create(target)
	if err != nil {
		return fmt.Errorf("failed to create remote file %s: %w", target, err)
	}
	defer file.Close()
	if _, err := file.ReadFrom(content); err != nil {
		return fmt.Errorf("failed to %s to remote path %s: %w", what, target, err)
	}
	return nil
}

// stat gives nil for a path that does not exist.
func (r remoteFiles) stat(target string) (fs.FileInfo, error) {
	info, err := r.Stat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("failed to stat remote path %s: %w", target, err)
	}
	return info, nil
}

// The folder that everything is written to.
import fs from 'node:fs';
import path from 'node:path';

const MARK = '.local-sigstore';

export class Folder {
  constructor(folder) {
    this.folder = path.resolve(folder);
  }

  /** Makes the folder, or empties one that an earlier run made. Any other folder with something in it is left alone. */
  static make(folder) {
    const self = new Folder(folder);
    const found = fs.existsSync(self.folder) ? fs.readdirSync(self.folder) : [];
    if (found.length && !found.includes(MARK)) throw new Error(`${self.folder} holds files that are not ours`);
    for (const name of found) fs.rmSync(self.path(name), { recursive: true });
    // Private keys are in it.
    fs.mkdirSync(self.folder, { recursive: true, mode: 0o700 });
    self.write(MARK, '');
    self.folderFor('logs');
    return self;
  }

  path(...names) {
    return path.join(this.folder, ...names);
  }

  folderFor(name) {
    fs.mkdirSync(this.path(name));
    return this.path(name);
  }

  read(name) {
    return fs.readFileSync(this.path(name), 'utf8');
  }

  /** Writes text as it is, anything else as JSON. */
  write(name, content) {
    fs.writeFileSync(this.path(name), typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);
  }
}

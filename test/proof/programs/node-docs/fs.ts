// The snippets of Node's documentation on files, each in a folder of its own.
import fs, {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { all, type Snippet, type Stage } from './stage.ts'

const FS = '@types/node/fs.d.ts'
const PROMISES = '@types/node/fs/promises.d.ts'

/** Works in a folder with such files until the end. */
function enter(stage: Stage, files: { readonly [name: string]: string } = {}): void {
  const before = process.cwd()
  const folder = mkdtempSync(join(tmpdir(), 'docs-'))
  process.chdir(folder)
  stage.defer(() => {
    process.chdir(before)
    rmSync(folder, { recursive: true })
  })
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(name), { recursive: true })
    writeFileSync(name, content)
  }
}

/** Writes down what is in the folder now. */
function show(stage: Stage): void {
  const names = readdirSync('.', { recursive: true, encoding: 'utf8' }).sort()
  for (const name of names) {
    const isFile = statSync(name).isFile()
    stage.log(name.replace(/(?<=foo-).*/u, 'XXXXXX'), isFile ? readFileSync(name, 'utf8') : 'folder')
  }
}

/** Waits until a file has such a content. */
function contains(stage: Stage, name: string, content: string): Promise<void> {
  return stage.until(() => existsSync(name) && readFileSync(name, 'utf8') === content)
}

/** A snippet with a callback of the caller's, or with one that writes: it is over when that has been called. */
interface Plain {
  readonly name: string
  readonly words: string
  readonly swaps?: Snippet['swaps']
  readonly files?: { readonly [name: string]: string }
  readonly shows: string | RegExp
  /** What it writes when it is over; else it calls `callback`. */
  readonly wrote?: string
}

/** What is told to a callback that the snippet leaves to the caller. */
function plain({ files = {}, wrote = 'called back', swaps = [], ...rest }: Plain): Snippet {
  return {
    subject: 'fs',
    file: FS,
    swaps,
    ...rest,
    async around(stage) {
      enter(stage, files)
      await stage.run({
        callback: (...given: unknown[]) => stage.log('called back', ...given),
        fileInfo: [{ name: 'file' }],
      })
      await stage.wrote(wrote)
      show(stage)
    },
  }
}

/** Those of `fs/promises`: over when the code is. */
function promised({ files = {}, swaps = [], ...rest }: Omit<Plain, 'wrote'>): Snippet {
  return {
    subject: 'fs',
    file: PROMISES,
    swaps,
    ...rest,
    async around(stage) {
      enter(stage, files)
      await stage.run({ base: pathToFileURL(`${process.cwd()}/`), path: '.', fileName: 'file' })
      show(stage)
    },
  }
}

/** Runs the snippet until it has written so many lines; they are sorted, since two threads may have written them. */
async function written(stage: Stage, count: number): Promise<void> {
  const lines: string[] = []
  const log = (...values: unknown[]): void => void lines.push(format(...values))
  await stage.run({ console: { log } })
  await stage.until(() => lines.length >= count)
  for (const line of lines.sort()) stage.console.log(line)
}

const PASSWD: Snippet['swaps'] = [["'/etc/passwd'", "'passwd'"]]
const sample = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('')
const myData = (mode: string): { readonly [name: string]: unknown } => ({
  writeMyData: (fd: number) => fs.writeSync(fd, mode),
  readMyData: (fd: number) => fs.readSync(fd, Buffer.alloc(5)),
})

export const fsSnippets: readonly Snippet[] = [
  plain({
    name: 'fs.rename',
    words: 'Rename complete!',
    files: { 'oldFile.txt': 'old' },
    wrote: 'Rename complete!',
    shows: '-> newFile.txt old',
  }),
  plain({
    name: 'fs.truncate',
    words: "truncate('path/file.txt', (err)",
    files: { 'path/file.txt': 'content' },
    wrote: 'path/file.txt was truncated',
    shows: /^-> path\/file\.txt ?$/u,
  }),
  {
    subject: 'fs',
    name: 'fs.ftruncate',
    file: FS,
    words: 'import { open, close, ftruncate }',
    shows: '-> temp.txt 1234',
    async around(stage) {
      enter(stage, { 'temp.txt': '123456' })
      await stage.run()
      await contains(stage, 'temp.txt', '1234')
      show(stage)
    },
  },
  plain({
    name: 'fs.chmod',
    words: 'The permissions for file',
    files: { 'my_file.txt': '' },
    wrote: 'have been changed!',
    shows: 'The permissions for file "my_file.txt" have been changed!',
  }),
  {
    subject: 'fs',
    name: 'fs.stat',
    file: FS,
    words: 'const pathsToCheck',
    swaps: [['console.log(stats)', 'console.log(pathsToCheck[i], stats.constructor.name)']],
    shows: './txtDir/file.txt Stats',
    async around(stage) {
      enter(stage, { 'txtDir/file.txt': 'text' })
      await written(stage, 4)
    },
  },
  plain({
    name: 'fs.symlink',
    words: "symlink('./mew', './mewtwo', callback)",
    files: { mew: 'mew' },
    shows: '-> mewtwo mew',
  }),
  plain({
    name: 'fs.unlink',
    words: "unlink('path/file.txt', (err)",
    files: { 'path/file.txt': '' },
    wrote: 'path/file.txt was deleted',
    shows: '-> path folder',
  }),
  {
    subject: 'fs',
    name: 'fs.mkdir',
    file: FS,
    words: 'Create ./tmp/a/apple',
    shows: '-> tmp/a/apple folder',
    async around(stage) {
      enter(stage)
      await stage.run()
      await stage.until(() => existsSync('tmp/a/apple'))
      show(stage)
    },
  },
  plain({
    name: 'fs.mkdtemp',
    words: 'foo-itXde2',
    swaps: [
      ["join(tmpdir(), 'foo-')", "'foo-'"],
      ['console.log(directory)', 'console.log(directory.length)'],
    ],
    wrote: '10',
    shows: '-> foo-XXXXXX folder',
  }),
  plain({
    name: 'fs.readFile',
    words: "readFile('/etc/passwd', (err, data)",
    swaps: PASSWD,
    files: { passwd: 'root' },
    wrote: 'Buffer',
    shows: '<Buffer 72 6f 6f 74>',
  }),
  plain({
    name: 'fs.readFile: with an encoding',
    words: "readFile('/etc/passwd', 'utf8', callback)",
    swaps: PASSWD,
    files: { passwd: 'root' },
    shows: '-> called back null root',
  }),
  plain({
    name: 'fs.readFile: of a folder',
    words: "readFile('<directory>', (err, data) => {\n  // => [Error",
    swaps: [
      ["'<directory>'", "'.'"],
      [/\/\/ => (?:\[Error|null).*/gu, 'console.log(err.code, err.syscall)'],
    ],
    wrote: 'EISDIR read\nEISDIR read',
    shows: 'EISDIR read',
  }),
  plain({
    name: 'fs.readFile: with a signal',
    words: 'readFile(fileInfo[0].name, { signal }',
    swaps: [['// ...', 'console.log(err.name, buf)']],
    files: { file: 'x' },
    wrote: 'AbortError',
    shows: 'AbortError undefined',
  }),
  plain({
    name: 'fs.writeFile',
    words: "writeFile('message.txt', data, (err)",
    wrote: 'The file has been saved!',
    shows: '-> message.txt Hello Node.js',
  }),
  plain({
    name: 'fs.writeFile: with an encoding',
    words: "writeFile('message.txt', 'Hello Node.js', 'utf8', callback)",
    shows: '-> message.txt Hello Node.js',
  }),
  plain({
    name: 'fs.writeFile: with a signal',
    words: "writeFile('message.txt', data, { signal }, (err)",
    swaps: [['// When a request is aborted', 'console.log(err.name) //']],
    wrote: 'AbortError',
    shows: 'AbortError',
  }),
  plain({
    name: 'fs.appendFile',
    words: "appendFile('message.txt', 'data to append', (err)",
    wrote: 'was appended to file!',
    shows: '-> message.txt data to append',
  }),
  plain({
    name: 'fs.appendFile: with an encoding',
    words: "appendFile('message.txt', 'data to append', 'utf8', callback)",
    files: { 'message.txt': 'some ' },
    shows: '-> message.txt some data to append',
  }),
  {
    subject: 'fs',
    name: 'fs.appendFile: to a descriptor',
    file: FS,
    words: "appendFile(fd, 'data to append', 'utf8', (err)",
    shows: '-> message.txt data to append',
    async around(stage) {
      enter(stage)
      await stage.run()
      await contains(stage, 'message.txt', 'data to append')
      show(stage)
    },
  },
  plain({
    name: 'fs.exists',
    words: "'it exists' : 'no passwd!'",
    swaps: PASSWD,
    files: { passwd: '' },
    wrote: 'exists',
    shows: 'it exists',
  }),
  ...(
    [
      ['fs.exists before fs.open', "exists('myfile', (e) => {\n  if (e) {\n    console.error"],
      ['fs.open of a new file', "import { open, close } from 'node:fs';\nopen('myfile', 'wx'"],
      ['fs.access before fs.open', "import { access, open, close } from 'node:fs';\n\naccess"],
    ] as const
  ).map(
    ([name, words]): Snippet => ({
      subject: 'fs',
      name,
      file: FS,
      words,
      shows: 'stderr: myfile already exists',
      async around(stage) {
        enter(stage)
        await stage.run(myData(name))
        await contains(stage, 'myfile', name)
        await stage.run(myData('again'))
        await stage.wrote('myfile already exists')
        show(stage)
      },
    }),
  ),
  {
    subject: 'fs',
    name: 'fs.access',
    file: FS,
    words: "const file = 'package.json'",
    shows: 'package.json is readable and writable',
    async around(stage) {
      enter(stage, { 'package.json': '{}' })
      await written(stage, 4)
    },
  },
  {
    subject: 'fs',
    name: 'fs.createReadStream',
    file: FS,
    words: "createReadStream('sample.txt', { start: 90, end: 99 })",
    swaps: [[/^createReadStream\(/gmu, 'const read = createReadStream(']],
    shows: `-> "${sample.slice(90, 100).replace('\n', '\\n')}"`,
    async around(stage) {
      enter(stage, { 'sample.txt': sample })
      const { read } = await stage.run({}, 'read')
      stage.log(JSON.stringify(await all(read)))
    },
  },
  promised({
    name: 'fsPromises.opendir',
    words: "const dir = await opendir('./')",
    files: { 'only.txt': '' },
    shows: 'only.txt',
  }),
  promised({
    name: 'filehandle.truncate',
    words: 'await filehandle.truncate(4)',
    files: { 'temp.txt': '123456' },
    shows: '-> temp.txt 1234',
  }),
  promised({
    name: 'filehandle.close',
    words: "open('thefile.txt', 'r')",
    files: { 'thefile.txt': 'x' },
    shows: '-> thefile.txt x',
  }),
  promised({
    name: 'filehandle.readLines',
    words: 'file.readLines()',
    swaps: [["'./some/file/to/read'", "'file'"]],
    files: { file: 'one\ntwo\n' },
    shows: /^two$/u,
  }),
  promised({
    name: 'fsPromises.access',
    words: "console.error('cannot access')",
    swaps: PASSWD,
    files: { passwd: '' },
    shows: 'can access',
  }),
  promised({
    name: 'fsPromises.copyFile',
    words: "await copyFile('source.txt', 'destination.txt')",
    files: { 'source.txt': 'x' },
    shows: 'stderr: The file could not be copied',
  }),
  promised({
    name: 'fsPromises.mkdir',
    words: './test/project/',
    swaps: [
      ['import.meta.url', 'base'],
      ['${createDir}', '${createDir.length > 0}'],
    ],
    shows: '-> test/project folder',
  }),
  promised({
    name: 'fsPromises.readdir',
    words: 'const files = await readdir(path)',
    files: { 'one.txt': '' },
    shows: /^one\.txt$/u,
  }),
  promised({
    name: 'fsPromises.mkdtemp',
    words: "await mkdtemp(join(tmpdir(), 'foo-'))",
    swaps: [["join(tmpdir(), 'foo-')", "'foo-'"]],
    shows: '-> foo-XXXXXX folder',
  }),
  promised({
    name: 'fsPromises.readFile',
    words: "readFile(filePath, { encoding: 'utf8' })",
    swaps: [['import.meta.url', 'base']],
    files: { 'package.json': '{"name":"x"}' },
    shows: /^\{"name":"x"\}$/u,
  }),
  promised({
    name: 'fsPromises.readFile: with a signal',
    words: 'const promise = readFile(fileName, { signal })',
    swaps: [['console.error(err)', 'console.error(err.name)']],
    files: { file: 'x' },
    shows: 'stderr: AbortError',
  }),
  promised({
    name: 'fsPromises.writeFile: with a signal',
    words: "const promise = writeFile('message.txt', data, { signal })",
    swaps: [['console.error(err)', 'console.error(err.name)']],
    shows: 'stderr: AbortError',
  }),
]

/* The files for Windows made with Deno from npm: this launcher, the program and
 * Deno in one file. It unpacks both once, starts Deno, and waits for it.
 *
 * `windows_launcher.ts` writes contents.h (ROLE, ARGUMENTS, ENVIRONMENT, PROGRAM
 * and RUNTIME), packs both as resources, and builds this. */
#include <windows.h>
#include <bcrypt.h>
#include <stdio.h>
#include <zlib.h>

#ifndef BCRYPT_SHA256_ALG_HANDLE /* Not in every mingw-w64. */
#define BCRYPT_SHA256_ALG_HANDLE ((BCRYPT_ALG_HANDLE)0x41)
#endif

#define LENGTH(array) (sizeof(array) / sizeof *(array))
#define LONGEST_PATH 4096
#define LONGEST_COMMAND_LINE 32767

/* What is packed: a resource, and what it is when unpacked. */
struct content {
  int resource;
  const wchar_t *name;
  const wchar_t *others; /* Matches this name and those of other versions. */
  LONGLONG size;
  BYTE sha256[32];
};

#include "contents.h"

/* 1 January 2000, 00:00 UTC: the time of writing of a file that was whole when it
 * was last checked. Whoever writes to it changes that, and has it checked anew. */
static const FILETIME CHECKED = {0x256D4000, 0x01BF53EB};

static HANDLE deno;

/* Ctrl+C and Ctrl+Break are Deno's: the launcher waits. Closing the console, or
 * the session, ends a process when its handler returns: so that waits here. */
static BOOL WINAPI on_control(DWORD event) {
  if (deno == NULL) ExitProcess(130);
  if (event != CTRL_C_EVENT && event != CTRL_BREAK_EVENT)
    WaitForSingleObject(deno, INFINITE);
  return TRUE;
}

/* Prints one line: what failed, why, and what to do. */
static void fail(const wchar_t *what, DWORD error, const wchar_t *advice) {
  wchar_t reason[512] = L"", line[LONGEST_PATH + 1024];
  char bytes[3 * LENGTH(line)];
  DWORD length, written;
  HANDLE out = GetStdHandle(STD_ERROR_HANDLE);

  length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                            FORMAT_MESSAGE_MAX_WIDTH_MASK,
                          NULL, error, 0, reason, LENGTH(reason), NULL);
  while (length > 0 && (reason[length - 1] == L' ' || reason[length - 1] == L'.'))
    reason[--length] = 0;
  _snwprintf(line, LENGTH(line), L"%ls: %ls: %ls (error %lu); %ls\n", ROLE, what, reason,
             error, advice);
  line[LENGTH(line) - 1] = 0;
  if (!WriteConsoleW(out, line, wcslen(line), &written, NULL)) {
    length = WideCharToMultiByte(CP_UTF8, 0, line, -1, bytes, sizeof bytes, NULL, NULL);
    if (length > 0) WriteFile(out, bytes, length - 1, &written, NULL);
  }
  ExitProcess(126);
}

/* Joins texts to a path; an empty one where it would be too long. */
static void join(wchar_t path[LONGEST_PATH], const wchar_t *folder, const wchar_t *name) {
  if ((size_t)_snwprintf(path, LONGEST_PATH, L"%ls\\%ls", folder, name) >= LONGEST_PATH) *path = 0;
}

static BOOL has_hash(HANDLE file, const struct content *content) {
  BYTE hash[32];
  NTSTATUS status = -1;
  HANDLE mapping = CreateFileMappingW(file, NULL, PAGE_READONLY, 0, 0, NULL);
  void *bytes = mapping == NULL ? NULL : MapViewOfFile(mapping, FILE_MAP_READ, 0, 0, 0);

  if (bytes != NULL) {
    status = BCryptHash(BCRYPT_SHA256_ALG_HANDLE, NULL, 0, bytes, content->size, hash,
                        sizeof hash);
    UnmapViewOfFile(bytes);
  }
  if (mapping != NULL) CloseHandle(mapping);
  return status == 0 && memcmp(hash, content->sha256, sizeof hash) == 0;
}

/* Opens an unpacked file if it is whole; it stays open as long as the launcher runs,
 * and nobody can write to it, rename or remove it. Its hash takes longer than all of
 * the rest of a start, so it is computed only where the file was written to since. */
static HANDLE open_whole(const wchar_t *path, const struct content *content) {
  LARGE_INTEGER size;
  FILETIME written;
  HANDLE file = CreateFileW(path, GENERIC_READ | FILE_WRITE_ATTRIBUTES, FILE_SHARE_READ, NULL,
                            OPEN_EXISTING, 0, NULL);

  if (file == INVALID_HANDLE_VALUE) return file;
  if (GetFileSizeEx(file, &size) && size.QuadPart == content->size &&
      GetFileTime(file, NULL, NULL, &written)) {
    if (CompareFileTime(&written, &CHECKED) == 0) return file;
    if (has_hash(file, content)) {
      SetFileTime(file, NULL, NULL, &CHECKED);
      return file;
    }
  }
  CloseHandle(file);
  return INVALID_HANDLE_VALUE;
}

/* Unpacks a resource into a new file; returns a system error. */
static DWORD unpack(const struct content *content, const wchar_t *path) {
  static BYTE buffer[1 << 20];
  DWORD error = 0, written;
  int state = Z_OK;
  z_stream stream = {0};
  HRSRC resource = FindResourceW(NULL, MAKEINTRESOURCEW(content->resource), MAKEINTRESOURCEW(10));
  HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

  if (file == INVALID_HANDLE_VALUE) return GetLastError();
  stream.next_in = LockResource(LoadResource(NULL, resource));
  stream.avail_in = SizeofResource(NULL, resource);
  if (stream.next_in == NULL || inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
    error = ERROR_FILE_CORRUPT;
  while (error == 0 && state == Z_OK) {
    stream.next_out = buffer;
    stream.avail_out = sizeof buffer;
    state = inflate(&stream, Z_NO_FLUSH);
    if (!WriteFile(file, buffer, sizeof buffer - stream.avail_out, &written, NULL))
      error = GetLastError();
  }
  inflateEnd(&stream);
  if (error == 0 && !FlushFileBuffers(file)) error = GetLastError();
  if (error == 0 && (state != Z_STREAM_END || !has_hash(file, content)))
    error = ERROR_FILE_CORRUPT;
  if (error == 0 && !SetFileTime(file, NULL, NULL, &CHECKED)) error = GetLastError();
  CloseHandle(file);
  return error;
}

/* Removes what matches, but for one name; what somebody has open stays. */
static void remove_others(const wchar_t *folder, const wchar_t *pattern, const wchar_t *name) {
  wchar_t path[LONGEST_PATH];
  WIN32_FIND_DATAW found;
  HANDLE search;

  join(path, folder, pattern);
  search = FindFirstFileW(path, &found);
  if (search == INVALID_HANDLE_VALUE) return;
  do {
    join(path, folder, found.cFileName);
    if (wcscmp(found.cFileName, name) != 0) DeleteFileW(path);
  } while (FindNextFileW(search, &found));
  FindClose(search);
}

/* Unpacks a file aside and renames it, so that others see all of it or nothing;
 * keeps it open. One start at a time unpacks; the others then find it done. */
static DWORD prepare(const wchar_t *folder, const struct content *content,
                     wchar_t path[LONGEST_PATH]) {
  wchar_t part[LONGEST_PATH];
  DWORD error = 0;
  HANDLE one;

  join(path, folder, content->name);
  if (open_whole(path, content) != INVALID_HANDLE_VALUE) return 0;
  one = CreateMutexW(NULL, FALSE, L"Local\\echosounder");
  if (one != NULL) WaitForSingleObject(one, 60000);
  if (open_whole(path, content) == INVALID_HANDLE_VALUE) {
    remove_others(folder, L"*.part", L"");
    remove_others(folder, content->others, content->name);
    if ((size_t)_snwprintf(part, LENGTH(part), L"%ls.%lu.part", path, GetCurrentProcessId()) >=
        LENGTH(part))
      error = ERROR_FILENAME_EXCED_RANGE;
    if (error == 0) error = unpack(content, part);
    /* A scanner of viruses may have a new file open for a moment. */
    for (int tries = 0; error == 0 && open_whole(path, content) == INVALID_HANDLE_VALUE; tries++) {
      if (MoveFileExW(part, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH)) continue;
      if (tries == 50) error = GetLastError();
      Sleep(100);
    }
    DeleteFileW(part);
  }
  if (one != NULL) ReleaseMutex(one);
  return error;
}

/* The rest of the command line after this program's own name, as it was given. */
static const wchar_t *given_arguments(void) {
  const wchar_t *line = GetCommandLineW();
  BOOL quoted = FALSE;

  for (; *line && (quoted || (*line != L' ' && *line != L'\t')); line++)
    if (*line == L'"') quoted = !quoted;
  return line;
}

int wmain(void) {
  static wchar_t parent[LONGEST_PATH], folder[LONGEST_PATH], program[LONGEST_PATH],
    runtime[LONGEST_PATH], deno_dir[LONGEST_PATH], line[LONGEST_COMMAND_LINE],
    what[LONGEST_PATH + 64];
  JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
  STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
  PROCESS_INFORMATION process = {0};
  DWORD error, length, code;
  HANDLE job;

  SetConsoleCtrlHandler(on_control, TRUE);
  for (int place = 0;; place++) {
    length = place == 0 ? GetEnvironmentVariableW(L"LOCALAPPDATA", parent, LENGTH(parent))
                        : GetTempPathW(LENGTH(parent), parent);
    if (length == 0 || length >= LENGTH(parent)) *parent = 0;
    join(folder, parent, L"echosounder");
    error = *parent == 0 ? ERROR_PATH_NOT_FOUND
            : CreateDirectoryW(folder, NULL) ? 0 : GetLastError();
    if (error == ERROR_ALREADY_EXISTS) error = 0;
    if (error == 0) error = prepare(folder, &PROGRAM, program);
    if (error == 0) error = prepare(folder, &RUNTIME, runtime);
    if (error == 0) break;
    if (error == ERROR_FILE_CORRUPT) fail(L"this file is damaged", error, L"copy it anew");
    if (place == 0) continue;
    _snwprintf(what, LENGTH(what), L"cannot unpack into %ls", folder);
    fail(what, error, L"set LOCALAPPDATA or TEMP to a folder with 100 MB free that can be written");
  }

  join(deno_dir, folder, L"deno");
  SetEnvironmentVariableW(L"DENO_DIR", deno_dir);
  SetEnvironmentVariableW(L"DENO_NO_UPDATE_CHECK", L"1");
  for (size_t i = 0; i < LENGTH(ENVIRONMENT); i++)
    SetEnvironmentVariableW(ENVIRONMENT[i][0], ENVIRONMENT[i][1]);
  if ((size_t)_snwprintf(line, LENGTH(line), L"\"%ls\" " ARGUMENTS L" \"%ls\"%ls", runtime,
                         program, given_arguments()) >= LENGTH(line))
    fail(L"cannot start Deno", ERROR_FILENAME_EXCED_RANGE, L"give a shorter command line");

  /* Deno ends with the launcher, however that ends: the job's only handle is here. */
  limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
  job = CreateJobObjectW(NULL, NULL);
  startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
  startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
  startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
  if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) ||
      !CreateProcessW(runtime, line, NULL, NULL, TRUE, CREATE_SUSPENDED, NULL, NULL, &startup,
                      &process) ||
      !AssignProcessToJobObject(job, process.hProcess) ||
      ResumeThread(process.hThread) == (DWORD)-1) {
    error = GetLastError();
    if (process.hProcess != NULL) TerminateProcess(process.hProcess, 126);
    _snwprintf(what, LENGTH(what), L"cannot start %ls", runtime);
    fail(what, error, L"have a scanner of viruses allow it, or use a file made with denort");
  }
  deno = process.hProcess;
  WaitForSingleObject(deno, INFINITE);
  return GetExitCodeProcess(deno, &code) ? (int)code : 126;
}

using System.Collections.Concurrent;
using System.CommandLine;
using System.Diagnostics;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme album DIR --me selfie.jpg: the photos of a folder that show a person.</summary>
internal static class AlbumCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("DIR") { Description = "Folder of photos, searched with its subfolders. Symbolic links and hidden files are skipped." };
        var references = new ReferencePhotos();
        var maybe = new Option<bool>("--maybe") { Description = "Also report photos in which somebody only resembles the person." };
        var json = new Option<bool>("--json") { Description = "Write one JSON object per line: each photo as it is found, the summary last." };
        var csv = new Option<bool>("--csv") { Description = "Write CSV with a header: each photo with its verdict, confidence, distance and the face's box." };
        var print0 = new Option<bool>("--print0") { Description = "Write only the exact file names, each followed by a NUL, for xargs -0." };
        var copyTo = new Option<string?>("--copy-to") { Description = "Copy the photos found into this folder. Existing files are never overwritten; a copy with the same name gets a number.", HelpName = "DIR" };
        var report = new Option<string?>("--report") { Description = "Write the photos found into a page that opens without a server, to view or print.", HelpName = "FILE" };
        var zip = new Option<string?>("--zip") { Description = "Write a ZIP file with the original photos found, the page and a list.", HelpName = "FILE" };
        var engine = new EngineChoice();
        var command = new Command("album", "Finds the photos in a folder that show a person. Exit code 0: found; 1: none found; 2: error.") { folder };
        references.AddTo(command);
        foreach (var option in (Option[])[maybe, json, csv, print0, copyTo, report, zip])
        {
            command.Options.Add(option);
        }

        engine.AddTo(command);
        command.Validators.Add(result =>
        {
            if (((Option[])[json, csv, print0]).Count(option => result.GetResult(option) is { Implicit: false }) > 1)
            {
                result.AddError("--json, --csv and --print0 exclude each other.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var loading = engine.Begin(parsed);
            var outputs = new AlbumReport(parsed.GetValue(report), parsed.GetValue(zip));
            outputs.Check();
            var target = parsed.GetValue(copyTo) is { } path ? new CopyFolder(path) : null;
            var summary = new AlbumSummary();
            var searched = parsed.GetRequiredValue(folder);
            var files = PhotoFiles.Below(searched, Note, target?.Path);
            var loaded = await loading.Engine;
            var wanted = references.Read(loaded, parsed, cancellationToken);
            var form = parsed.GetValue(json) ? AlbumForm.Json : parsed.GetValue(csv) ? AlbumForm.Csv : parsed.GetValue(print0) ? AlbumForm.Names : AlbumForm.Lines;
            var found = new ConcurrentBag<string>();
            var code = await SearchAsync(loaded, wanted, files, new AlbumOutput(form), summary, parsed.GetValue(maybe), target, found, cancellationToken);
            return found.IsEmpty || await outputs.WriteAsync(searched, found, cancellationToken) ? code : CommandLine.Failed;

            void Note(string line)
            {
                summary.CountUnreadable();
                CommandLine.Complain(line);
            }
        });
        return command;
    }

    private static async Task<int> SearchAsync(
        FaceEngine engine, IReadOnlyList<FaceEmbedding> wanted, IReadOnlyList<string> files, AlbumOutput output, AlbumSummary summary, bool maybe, CopyFolder? target, ConcurrentBag<string> found, CancellationToken cancellationToken)
    {
        var time = Stopwatch.StartNew();
        using var screen = new Screen("photos", files.Count);
        output.Begin(screen);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(files, parallel, (path, end) =>
        {
            try
            {
                var photo = PhotoFiles.Read(path);
                var verdict = engine.Compare(engine.Analyze(photo, end), wanted);
                summary.Count(verdict.Kind);
                if (verdict.Kind == MatchKind.Match || (maybe && verdict.Kind == MatchKind.Maybe))
                {
                    output.Write(screen, path, verdict, target?.Add(path, photo));
                    found.Add(path);
                }
            }
            catch (Exception exception) when (exception is PhotoException or CommandException)
            {
                if (exception is PhotoException { Problem: PhotoProblem.NotAnImage } && !PhotoNames.IsPhoto(path))
                {
                    summary.CountOther();
                }
                else
                {
                    summary.CountUnreadable();
                    screen.Note($"{path}: {exception.Message}");
                }
            }

            screen.Step();
            return ValueTask.CompletedTask;
        });
        output.End(screen, summary, time.Elapsed);
        return summary.Found(maybe) > 0 ? CommandLine.Done
            : summary.Compared == 0 && summary.Unreadable > 0 ? CommandLine.Failed
            : CommandLine.NotFound;
    }
}

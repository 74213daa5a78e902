using System.Collections.Concurrent;
using System.CommandLine;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme background PATH… > background.csv: the vector of every face in many photos, for <c>findme recognize --background</c>.</summary>
internal static class BackgroundCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("PATH") { Description = "Photos of many other people, or folders of such photos.", Arity = ArgumentArity.OneOrMore };
        var engine = new EngineChoice();
        var command = new Command("background", "Writes the vector of every face in the photos as CSV to standard output: the strangers for recognize --background.") { paths };
        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var loading = engine.Begin(parsed);
            var (files, unreadable) = PhotoFiles.Of(parsed.GetRequiredValue(paths));
            var loaded = await loading.Engine;
            using var screen = new Screen("photos", files.Count);
            var faces = new ConcurrentDictionary<int, IReadOnlyList<FaceEmbedding>>();
            var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
            await Parallel.ForAsync(0, files.Count, parallel, (i, end) =>
            {
                try
                {
                    faces[i] = [.. loaded.Analyze(PhotoFiles.Read(files[i]), end).Faces.Select(face => face.Embedding)];
                }
                catch (Exception exception) when (exception is PhotoException or CommandException)
                {
                    screen.Note($"{files[i]}: {exception.Message}");
                }

                screen.Step();
                return ValueTask.CompletedTask;
            });

            // In the order of the files, so that the same photos produce the same file.
            var vectors = Enumerable.Range(0, files.Count).SelectMany(i => faces.GetValueOrDefault(i) ?? []).ToList();
            if (vectors.Count == 0)
            {
                throw new CommandException("None of these photos shows a face.");
            }

            await Console.Out.WriteAsync(new FaceVectors(loaded.Recipe, vectors).ToCsv());
            return faces.Count == files.Count && unreadable == 0 ? CommandLine.Done : CommandLine.Failed;
        });
        return command;
    }
}

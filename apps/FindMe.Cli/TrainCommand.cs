using System.CommandLine;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme train IMAGE… > person.csv: the vectors of one person's face in photos.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE") { Description = "A photo of one face; - for standard input. Several photos of the same person improve recognition.", Arity = ArgumentArity.OneOrMore };
        var faces = new Option<int[]>("--face") { Description = "If the photo shows several people: the person's face, counted from 0, left to right. With several photos, give one for each.", HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Random seed of the variations: the same seed produces the same file.", HelpName = "N" };
        var server = new VisionServer();
        var engine = new EngineChoice();
        var command = new Command("train", "Writes the vectors of a photo's face, and of 21 variations of it, as CSV to standard output.") { images, faces, seed };
        server.AddTo(command);
        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (paths, indices) = (parsed.GetRequiredValue(images), parsed.GetValue(faces) ?? []);
            if (indices.Length > 0 && indices.Length != paths.Length)
            {
                throw new CommandException($"There are {paths.Length} photos and {indices.Length} --face: give one --face for each photo, in the same order.");
            }

            if (indices.Any(index => index < 0))
            {
                throw new CommandException("--face must be 0 or more: faces are counted from 0, left to right.");
            }

            await using var loading = server.IsWanted(parsed) ? null : engine.Begin(parsed);
            var vectors = new List<FaceEmbedding>();
            FaceVectors? first = null;
            for (var i = 0; i < paths.Length; i++)
            {
                var (path, face, photo) = (paths[i], indices.Length == 0 ? (int?)null : indices[i], Read(paths[i]));
                var trained = loading is null
                    ? await server.TrainAsync(parsed, photo, path, face, parsed.GetValue(seed), cancellationToken)
                    : Train(await loading.Engine, photo, path, face, parsed.GetValue(seed), cancellationToken);
                first ??= trained;
                if (trained.Recipe != first.Recipe)
                {
                    throw new CommandException($"{path}: its vectors are of the recipe {trained.Recipe}, those of {paths[0]} of {first.Recipe}: train again.");
                }

                // Photos of two people make a file that finds both.
                if (i > 0 && !(loading is null
                    ? (await server.RecognizeAsync(parsed, first.ToCsv(), null, photo, cancellationToken)).Present!.Value
                    : first.Vectors.Min(trained.Vectors[0].DistanceTo) <= (await loading.Engine).MatchDistance))
                {
                    CommandLine.Complain(ReferencePhotos.DifferentPerson(path, paths[0]));
                }

                vectors.AddRange(trained.Vectors);
            }

            await Console.Out.WriteAsync(new FaceVectors(first!.Recipe, vectors).ToCsv());
            return CommandLine.Done;
        });
        return command;
    }

    private static byte[] Read(string path)
    {
        try
        {
            return PhotoFiles.Read(path);
        }
        catch (CommandException exception)
        {
            throw new CommandException($"{path}: {exception.Message}");
        }
    }

    private static FaceVectors Train(FaceEngine engine, byte[] photo, string path, int? face, int seed, CancellationToken cancellationToken)
    {
        TrainedFace trained;
        try
        {
            trained = FaceVectorTraining.Train(engine, photo, face, seed, cancellationToken);
        }
        catch (PhotoException exception)
        {
            throw new CommandException($"{path}: {exception.Message}");
        }

        if (trained.Vectors is not { } vectors)
        {
            throw new CommandException($"{path}: {ReferencePhotos.ProblemOf(trained.Analysis, face)}");
        }

        foreach (var warning in trained.Analysis.Warnings)
        {
            CommandLine.Complain($"{path}: {warning}");
        }

        return vectors;
    }
}

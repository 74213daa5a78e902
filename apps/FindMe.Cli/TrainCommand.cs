using System.CommandLine;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme train IMAGE > person.csv: the vectors of the one face on a photo.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var image = new Argument<string>("IMAGE") { Description = "A photo of one face; - for standard input." };
        var face = new Option<int?>("--face") { Description = "Where the photo shows several people: which one is meant, counted from 1, left to right.", HelpName = "N" };
        var seed = new Option<int>("--seed") { Description = "Of the augmentations: the same seed gives the same file.", HelpName = "N" };
        var server = new VisionServer();
        var engine = new EngineChoice();
        var command = new Command("train", "Writes the vectors of a photo's face, and of 21 variations of it, as CSV to standard output.") { image, face, seed };
        server.AddTo(command);
        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var (path, index) = (parsed.GetRequiredValue(image), parsed.GetValue(face));
            await using var loading = server.IsWanted(parsed) ? null : engine.Begin(parsed);
            byte[] photo;
            try
            {
                photo = PhotoFiles.Read(path);
            }
            catch (CommandException exception)
            {
                throw new CommandException($"{path}: {exception.Message}");
            }

            var csv = loading is null
                ? await server.TrainAsync(parsed, photo, path, index, parsed.GetValue(seed), cancellationToken)
                : Train(await loading.Engine, photo, path, index, parsed.GetValue(seed), cancellationToken);
            await Console.Out.WriteAsync(csv);
            return CommandLine.Done;
        });
        return command;
    }

    private static string Train(FaceEngine engine, byte[] photo, string path, int? face, int seed, CancellationToken cancellationToken)
    {
        TrainedFace trained;
        try
        {
            trained = FaceVectorTraining.Train(engine, photo, face - 1, seed, cancellationToken);
        }
        catch (PhotoException exception)
        {
            throw new CommandException($"{path}: {exception.Message}");
        }

        if (trained.Vectors is not { } vectors)
        {
            throw new CommandException($"{path}: {ReferencePhotos.ProblemOf(trained.Reading, face)}");
        }

        foreach (var warning in trained.Reading.Warnings)
        {
            CommandLine.Complain($"{path}: {warning}");
        }

        return vectors.ToCsv();
    }
}

using System.CommandLine;
using System.Text.Json;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme people: learns people from one folder each, and names them in photos.</summary>
internal static class PeopleCommand
{
    public static Command Create() => new("people", "Learns people from one folder of photos each, and names them in other photos.") { Train(), Name() };

    private static Command Train()
    {
        var folder = new Argument<string>("DIR") { Description = "Folder with one subfolder of photos per person, named after them. The subfolder unknown holds strangers and pictures of nobody." };
        var output = new Option<string>("-o", "--output") { Description = "The people file to write, such as team.findme. Like all output files of this command, it replaces an existing file.", HelpName = "FILE", Required = true };
        var onnx = new Option<string?>("--onnx") { Description = "Also write the embedding and the classifier head as one ONNX model.", HelpName = "FILE" };
        var edge = new Option<string?>("--edge") { Description = "Also write that model with 8-bit weights, for browsers and phones: at most 7 MB, and at most one percentage point less accurate.", HelpName = "FILE" };
        var matrix = new Option<string?>("--matrix") { Description = "Also write the whole confusion matrix as CSV: rows are the actual people, columns the names given.", HelpName = "FILE" };
        var defaults = new PeopleOptions();
        var seed = new Option<int>("--seed") { Description = "Random seed: the same folder and seed produce the same file.", DefaultValueFactory = _ => defaults.Seed, HelpName = "N" };
        var augment = new Option<int>("--augment") { Description = "Variations of each face to train with as well, 0 to 50.", DefaultValueFactory = _ => defaults.Augmentations, HelpName = "N" };
        var holdout = new Option<int>("--holdout") { Description = "Percentage of each person's photos to hold out for the measurement, 0 to 50.", DefaultValueFactory = _ => defaults.HoldoutPercent, HelpName = "PERCENT" };
        var strangers = new Option<double>("--strangers") { Description = "Maximum percentage of the strangers in unknown that are given a name, 0.01 to 50.", DefaultValueFactory = _ => defaults.StrangersPercent, HelpName = "PERCENT" };
        var json = new Option<bool>("--json") { Description = "Write the result of training and measurement as one JSON object." };
        var engine = new EngineChoice();
        var command = new Command("train", "Learns people. Exit code 0: done; 2: error.") { folder };
        foreach (var option in (Option[])[output, onnx, edge, matrix, seed, augment, holdout, strangers, json])
        {
            command.Options.Add(option);
        }

        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var outputs = new PeopleOutputs(
                parsed.GetRequiredValue(output), parsed.GetValue(onnx), parsed.GetValue(edge), parsed.GetValue(matrix));
            outputs.Check();
            var options = new PeopleOptions
            {
                Seed = parsed.GetValue(seed),
                Augmentations = parsed.GetValue(augment),
                HoldoutPercent = parsed.GetValue(holdout),
                StrangersPercent = parsed.GetValue(strangers),
            };
            if (outputs.Matrix is not null && options.HoldoutPercent == 0)
            {
                throw new CommandException("--matrix needs held-out photos, and --holdout 0 holds out none.");
            }

            using var loaded = await engine.LoadAsync(parsed);
            var people = Learn(loaded, parsed.GetRequiredValue(folder), options, cancellationToken);
            return outputs.Write(loaded, people, parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static TrainedPeople Learn(FaceEngine engine, string folder, PeopleOptions options, CancellationToken cancellationToken)
    {
        Screen? screen = null;
        try
        {
            return PeopleTraining.Train(
                engine,
                folder,
                options,
                (_, all) => LazyInitializer.EnsureInitialized(ref screen, () => new Screen("photos", all)).Step(),
                cancellationToken);
        }
        finally
        {
            screen?.Dispose();
        }
    }

    private static Command Name()
    {
        var model = new Argument<string>("FILE") { Description = "The people file that findme people train wrote." };
        var images = new Argument<string[]>("IMAGE") { Description = "Photos, or folders of photos.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "Write one JSON object per photo, with every face." };
        var engine = new EngineChoice();
        var command = new Command("name", "Names the faces in photos: one line per face, with the photo, the name or unknown, its probability and its box. Exit code 0: all were read; 2: some could not be read.") { model, images };
        command.Options.Add(json);
        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var people = PeopleModel.Load(parsed.GetRequiredValue(model));
            using var loaded = await engine.LoadAsync(parsed);
            if (people.Recipe != loaded.Recipe)
            {
                throw new CommandException($"The people file was trained with {people.Recipe}, but this engine is {loaded.Recipe}: choose the right one with --recipe, or train again.");
            }

            return await NameAsync(loaded, people, PhotoFiles.Of(parsed.GetRequiredValue(images)), parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> NameAsync(FaceEngine engine, PeopleModel people, PhotoList photos, bool json, CancellationToken cancellationToken)
    {
        var (files, failed) = photos;
        using var screen = new Screen("photos", files.Count);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(files, parallel, (path, end) =>
        {
            try
            {
                var faces = engine.Analyze(PhotoFiles.Read(path), end).Faces.Select(face => (face.Box, Named: people.Name(face.Embedding))).ToArray();
                if (json)
                {
                    var named = faces.Select(face => new NamedFaceReport(face.Named.Name, face.Named.Probability, face.Box)).ToArray();
                    screen.Write(JsonSerializer.Serialize(new NamedPhotoReport(path, named), CliJson.Default.NamedPhotoReport));
                }
                else
                {
                    foreach (var (box, name) in faces)
                    {
                        screen.Write(FormattableString.Invariant(
                            $"{Screen.OneLine(path)}\t{Screen.OneLine(name.Name)}\t{name.Probability:0.000}\t{box.X:0},{box.Y:0},{box.Width:0},{box.Height:0}"));
                    }
                }
            }
            catch (Exception exception) when (exception is PhotoException or CommandException)
            {
                Interlocked.Increment(ref failed);
                screen.Note($"{path}: {exception.Message}");
            }

            screen.Step();
            return ValueTask.CompletedTask;
        });
        return failed == 0 ? CommandLine.Done : CommandLine.Failed;
    }
}

/// <summary>A photo and its faces.</summary>
internal sealed record NamedPhotoReport(string Image, IReadOnlyList<NamedFaceReport> Faces);

/// <summary>A face with its name and position.</summary>
internal sealed record NamedFaceReport(string Name, float Probability, Box Box);

using System.CommandLine;
using System.Text.Json;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme people: learn people from a folder each, and name them in photos.</summary>
internal static class PeopleCommand
{
    public static Command Create() => new("people", "Learns people from a folder of photos each, and names them in other photos.") { Train(), Name() };

    private static Command Train()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder of photos for each person, named for them. A folder called unknown holds strangers and pictures of nobody." };
        var output = new Option<string>("-o", "--output") { Description = "Where the file of people goes, such as team.findme. As every file named here it replaces an older one, whole.", HelpName = "FILE", Required = true };
        var onnx = new Option<string?>("--onnx") { Description = "Also write embedding and head as one ONNX model.", HelpName = "FILE" };
        var edge = new Option<string?>("--edge") { Description = "Also write that model with weights of 8 bits, for browsers and phones: at most 7 MB, and at most a point worse.", HelpName = "FILE" };
        var matrix = new Option<string?>("--matrix") { Description = "Also write the whole confusion matrix as CSV: a row for who it is, a column for who it was named as.", HelpName = "FILE" };
        var defaults = new PeopleOptions();
        var seed = new Option<int>("--seed") { Description = "Where all chance comes from: the same folder and seed give the same file.", DefaultValueFactory = _ => defaults.Seed, HelpName = "N" };
        var augment = new Option<int>("--augment") { Description = "Changed copies of each face that are learnt from as well, 0 to 50.", DefaultValueFactory = _ => defaults.Augmentations, HelpName = "N" };
        var holdout = new Option<int>("--holdout") { Description = "Percent of each person's photos that are kept aside to measure with, 0 to 50.", DefaultValueFactory = _ => defaults.HoldoutPercent, HelpName = "PERCENT" };
        var strangers = new Option<double>("--strangers") { Description = "Percent of strangers that may be named, of those in unknown, 0.01 to 50.", DefaultValueFactory = _ => defaults.StrangersPercent, HelpName = "PERCENT" };
        var json = new Option<bool>("--json") { Description = "What was learnt and measured as one JSON object." };
        var engine = new EngineChoice();
        var command = new Command("train", "Learns people. Exit code 0: done; 2: an error.") { folder };
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
                throw new CommandException("--matrix is of photos that are kept aside, and --holdout 0 keeps none.");
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
        var model = new Argument<string>("FILE") { Description = "The file of people that findme people train wrote." };
        var images = new Argument<string[]>("IMAGE") { Description = "Photos, and folders of photos.", Arity = ArgumentArity.OneOrMore };
        var json = new Option<bool>("--json") { Description = "One JSON object a photo, with every face." };
        var engine = new EngineChoice();
        var command = new Command("name", "Names the faces of photos: one line a face, with the photo, the name or unknown, its probability and its box. Exit code 0: all were read; 2: some could not be.") { model, images };
        command.Options.Add(json);
        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var people = PeopleModel.Load(parsed.GetRequiredValue(model));
            using var loaded = await engine.LoadAsync(parsed);
            if (people.Recipe != loaded.Recipe)
            {
                throw new CommandException($"The people were learnt with {people.Recipe}, this engine is {loaded.Recipe}: choose it with --recipe, or train again.");
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

/// <summary>A face, whose it is, and where.</summary>
internal sealed record NamedFaceReport(string Name, float Probability, Box Box);

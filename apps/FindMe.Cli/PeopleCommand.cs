using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme people: learn people from a folder each, and name them in photos.</summary>
internal static class PeopleCommand
{
    // Larger tables do not fit a terminal; then only what went wrong is listed.
    private const int LargestTable = 12;

    // 1.3 MB with the default recipe, 5.8 MB with dlib: what a page or a phone can be asked to fetch.
    private const int MaxEdgeBytes = 7_000_000;

    // What the 8 bits may cost, as a share of the faces.
    private const double MaxEdgeLoss = 0.01;

    public static Command Create() => new("people", "Learns people from a folder of photos each, and names them in other photos.") { Train(), Name() };

    private static Command Train()
    {
        var folder = new Argument<string>("DIR") { Description = "A folder of photos for each person, named for them. A folder called unknown holds strangers and pictures of nobody." };
        var output = new Option<string>("-o", "--output") { Description = "Where the file of people goes, such as team.findme.", HelpName = "FILE", Required = true };
        var onnx = new Option<string?>("--onnx") { Description = "Also write embedding and head as one ONNX model.", HelpName = "FILE" };
        var edge = new Option<string?>("--edge") { Description = "Also write that model with weights of 8 bits, at most 7 MB, for browsers and phones.", HelpName = "FILE" };
        var defaults = new PeopleOptions();
        var seed = new Option<int>("--seed") { Description = "Where all chance comes from: the same folder and seed give the same file.", DefaultValueFactory = _ => defaults.Seed, HelpName = "N" };
        var augment = new Option<int>("--augment") { Description = "Changed copies of each face that are learnt from as well, 0 to 50.", DefaultValueFactory = _ => defaults.Augmentations, HelpName = "N" };
        var holdout = new Option<int>("--holdout") { Description = "Percent of each person's photos that are kept aside to measure with, 0 to 50.", DefaultValueFactory = _ => defaults.HoldoutPercent, HelpName = "PERCENT" };
        var strangers = new Option<double>("--strangers") { Description = "Percent of strangers that may be named, of those in unknown, 0.01 to 50.", DefaultValueFactory = _ => defaults.StrangersPercent, HelpName = "PERCENT" };
        var json = new Option<bool>("--json") { Description = "What was learnt and measured as one JSON object." };
        var engine = new EngineChoice();
        var command = new Command("train", "Learns people. Exit code 0: done; 2: an error.") { folder };
        foreach (var option in (Option[])[output, onnx, edge, seed, augment, holdout, strangers, json])
        {
            command.Options.Add(option);
        }

        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var loaded = await engine.LoadAsync(parsed);
            var options = new PeopleOptions
            {
                Seed = parsed.GetValue(seed),
                Augmentations = parsed.GetValue(augment),
                HoldoutPercent = parsed.GetValue(holdout),
                StrangersPercent = parsed.GetValue(strangers),
            };
            var people = Learn(loaded, parsed.GetRequiredValue(folder), options, cancellationToken);
            people.Model.Save(parsed.GetRequiredValue(output));
            if (parsed.GetValue(onnx) is { } onnxPath)
            {
                await File.WriteAllBytesAsync(onnxPath, PeopleExport.ToOnnx(people.Model, loaded, eightBit: false), cancellationToken);
            }

            var eightBit = parsed.GetValue(edge) is { } edgePath ? await WriteEdgeAsync(loaded, people, edgePath, cancellationToken) : null;
            if (parsed.GetValue(json))
            {
                Console.WriteLine(JsonSerializer.Serialize(
                    new PeopleReport(people.Model.Card, people.Model.EvenDistances, people.Skipped, people.Alike, people.Photos, people.OtherFiles, people.WithoutFace, people.Reading.TotalSeconds, people.Training.TotalSeconds, eightBit),
                    CliJson.Default.PeopleReport));
            }
            else
            {
                Report(people, eightBit);
            }

            return CommandLine.Done;
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

    private static async Task<PeopleMeasurement?> WriteEdgeAsync(FaceEngine engine, TrainedPeople people, string path, CancellationToken cancellationToken)
    {
        var model = PeopleExport.ToOnnx(people.Model, engine, eightBit: true);
        if (model.Length > MaxEdgeBytes)
        {
            throw new CommandException($"The model has {model.Length / 1e6:0.0} MB with 8 bits, and --edge writes at most {MaxEdgeBytes / 1e6:0} MB: take --onnx, or a recipe with a smaller network.");
        }

        var measured = ExportedPeople.Measure(engine, people, eightBit: true, cancellationToken);
        if (measured?.Accuracy < people.Model.Card.Measured?.Accuracy - MaxEdgeLoss)
        {
            CommandLine.Complain($"The model with 8 bits names {Percent(measured?.Accuracy)} rightly, the full one {Percent(people.Model.Card.Measured?.Accuracy)}: more than a point less.");
        }

        await File.WriteAllBytesAsync(path, model, cancellationToken);
        return measured;
    }

    private static void Report(TrainedPeople people, PeopleMeasurement? eightBit)
    {
        foreach (var photo in people.Skipped)
        {
            CommandLine.Complain($"{photo.Photo}: {photo.Problem}: skipped");
        }

        foreach (var alike in people.Alike)
        {
            CommandLine.Complain(alike);
        }

        var card = people.Model.Card;
        Console.WriteLine(FormattableString.Invariant(
            $"{card.Photos.Count} people, {card.Photos.Values.Sum()} photos of them, {card.UnknownFaces} faces of strangers; {people.Skipped.Count} skipped, {people.OtherFiles} other files, {people.WithoutFace} pictures of nobody"));
        Console.WriteLine(FormattableString.Invariant(
            $"finding and changing faces {people.Reading.TotalSeconds:0.0} s, training {people.Training.TotalSeconds:0.00} s"));
        if (card.Measured is not { } measured)
        {
            Console.WriteLine("Nothing was measured: no person has three photos that are no copies of each other, or --holdout is 0.");
            return;
        }

        Console.WriteLine();
        Console.WriteLine("On photos that were kept aside, by a model that has not seen them:");
        if (measured.Labels.Count <= LargestTable)
        {
            WriteTable(measured);
        }
        else
        {
            WriteMistakes(measured);
        }

        Console.WriteLine();
        WriteRow("", "precision", "recall");
        for (var label = 0; label < measured.Labels.Count - 1; label++)
        {
            WriteRow(measured.Labels[label], Percent(measured.PrecisionOf(label)), Percent(measured.RecallOf(label)));
        }

        Console.WriteLine();
        WriteSummary(eightBit is null ? "" : "full: ", measured);
        if (eightBit is not null)
        {
            WriteSummary("8 bits: ", eightBit);
        }
    }

    private static void WriteSummary(string what, PeopleMeasurement measured) => Console.WriteLine(
        $"{what}people named rightly {Percent(measured.Accuracy)}, given another's name {Percent(measured.WrongNames)}, likeliest the right one {Percent(measured.ClosedSetAccuracy)}; strangers given a name {Percent(measured.UnknownFalseAccepts)}");

    private static void WriteTable(PeopleMeasurement measured)
    {
        WriteRow("is \\ named", [.. measured.Labels]);
        foreach (var (label, row) in measured.Labels.Zip(measured.Confusion))
        {
            WriteRow(label, [.. row.Select(count => count.ToString(CultureInfo.InvariantCulture))]);
        }
    }

    private static void WriteMistakes(PeopleMeasurement measured)
    {
        foreach (var (label, row) in measured.Labels.Zip(measured.Confusion))
        {
            foreach (var (named, count) in measured.Labels.Zip(row).Where(cell => cell.First != label && cell.Second > 0))
            {
                Console.WriteLine($"{count} × {Screen.OneLine(label)} named {Screen.OneLine(named)}");
            }
        }
    }

    private static void WriteRow(string first, params string[] cells) =>
        Console.WriteLine($"{Cut(Screen.OneLine(first), 24),-24}{string.Concat(cells.Select(cell => $" {Cut(Screen.OneLine(cell), 10),10}"))}");

    private static string Cut(string text, int length) => text.Length <= length ? text : $"{text[..(length - 1)]}…";

    private static string Percent(double? share) => share is { } value ? FormattableString.Invariant($"{value * 100:0.0} %") : "–";

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

            return await NameAsync(loaded, people, [.. PhotoFiles.Of(parsed.GetRequiredValue(images), CommandLine.Complain)], parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> NameAsync(FaceEngine engine, PeopleModel people, string[] files, bool json, CancellationToken cancellationToken)
    {
        var failed = 0;
        using var screen = new Screen("photos", files.Length);
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

/// <summary>What was learnt and measured.</summary>
internal sealed record PeopleReport(
    PeopleCard Card,
    IReadOnlyList<float> EvenDistances,
    IReadOnlyList<SkippedPhoto> Skipped,
    IReadOnlyList<string> Alike,
    int Photos,
    int OtherFiles,
    int WithoutFace,
    double ReadingSeconds,
    double TrainingSeconds,
    PeopleMeasurement? EightBit);

/// <summary>A photo and its faces.</summary>
internal sealed record NamedPhotoReport(string Image, IReadOnlyList<NamedFaceReport> Faces);

/// <summary>A face, whose it is, and where.</summary>
internal sealed record NamedFaceReport(string Name, float Probability, Box Box);

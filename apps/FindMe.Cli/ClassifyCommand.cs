using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme classify IMAGE…: classifies pictures.</summary>
internal static class ClassifyCommand
{
    public static Command Create()
    {
        var images = new Argument<string[]>("IMAGE") { Description = "Pictures, or folders of pictures.", Arity = ArgumentArity.OneOrMore };
        var top = new Option<int>("--top") { Description = "Number of classes, most likely first; at least 1.", DefaultValueFactory = _ => 3, HelpName = "K" };
        var classifier = new Option<string>("--classifier") { Description = "Name of the classifier: a description NAME.classifier.json beside the models.", DefaultValueFactory = _ => "nsfw", HelpName = "NAME" };
        var models = new Option<string>("--models") { Description = "Folder of the models. Default: models beside this program, or artifacts/models of the repository.", DefaultValueFactory = _ => "", HelpName = "DIR" };
        var json = new Option<bool>("--json") { Description = "Write one JSON object per picture, as POST /classify returns it." };
        top.Validators.Add(result =>
        {
            // Not GetValueOrDefault, which throws if the text is not a number.
            if (result.Tokens is [var text] && (!int.TryParse(text.Value, CultureInfo.InvariantCulture, out var classes) || classes < 1))
            {
                result.AddError("--top must be a whole number of at least 1.");
            }
        });
        var command = new Command("classify", "Classifies pictures: one line each, with its most likely classes. Exit code 0: all were read; 2: some could not be read.") { images };
        foreach (var option in (Option[])[top, classifier, models, json])
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(classifier);
            using var loaded = ImageClassifier.Load(name, new FaceEngineOptions { ModelsPath = parsed.GetRequiredValue(models) });
            var files = PhotoFiles.Of(parsed.GetRequiredValue(images));
            var reason = parsed.GetResult(classifier) is { Implicit: false } ? "as --classifier says" : "the default; --classifier NAME chooses another";
            CommandLine.Complain($"Classifier {name} ({loaded.Model}): {reason}. Its classes: {string.Join(", ", loaded.Labels)}.");
            return await ClassifyAsync(loaded, files, parsed.GetValue(top), parsed.GetValue(json), cancellationToken);
        });
        return command;
    }

    private static async Task<int> ClassifyAsync(ImageClassifier classifier, PhotoList photos, int top, bool json, CancellationToken cancellationToken)
    {
        var (files, failed) = photos;
        using var screen = new Screen("pictures", files.Count);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(files, parallel, (path, end) =>
        {
            try
            {
                var found = classifier.Classify(PhotoFiles.Read(path), top, end);
                screen.Write(json
                    ? JsonSerializer.Serialize(new ClassifiedImage(path, found.Results, found.Model, found.Timings), CliJson.Default.ClassifiedImage)
                    : $"{Screen.OneLine(path)}\t{string.Join('\t', found.Results.Select(result => FormattableString.Invariant($"{result.ClassName} {result.Probability:0.0000}")))}");
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

/// <summary>A picture and its classes.</summary>
internal sealed record ClassifiedImage(string Image, IReadOnlyList<ClassProbability> Results, string Model, ClassificationTimings Timings);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ClassifiedImage))]
[JsonSerializable(typeof(NamedPhotoReport))]
[JsonSerializable(typeof(PeopleReport))]
internal sealed partial class CliJson : JsonSerializerContext;

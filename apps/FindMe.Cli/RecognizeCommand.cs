using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using FindMe.Faces;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme recognize person.csv IMAGE…: whether each photo shows the person.</summary>
internal static class RecognizeCommand
{
    public static Command Create()
    {
        var person = new Argument<string>("person.csv") { Description = "The output of findme train; - for standard input." };
        var images = new Argument<string[]>("IMAGE") { Description = "Photos, or folders of photos.", Arity = ArgumentArity.OneOrMore };
        var background = new Option<string?>("--background")
        {
            Description = "Vectors of strangers, from findme background: decide by the nearest neighbours instead of the threshold.",
            HelpName = "FILE",
        };
        var json = new Option<bool>("--json") { Description = "Write one JSON object per line, with distance, box and number of faces." };
        var server = new VisionServer();
        var engine = new EngineChoice();
        var command = new Command("recognize", "Says whether each photo shows a person: IMAGE, a tab, True or False. Exit code 0: all were read; 2: some could not be read.")
        {
            person, images, background, json,
        };
        server.AddTo(command);
        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var loading = server.IsWanted(parsed) ? null : engine.Begin(parsed);
            var vectors = VectorFiles.ReadText(parsed.GetRequiredValue(person));
            var strangers = parsed.GetValue(background) is { } file ? VectorFiles.ReadText(file) : null;
            var files = PhotoFiles.Of(parsed.GetRequiredValue(images));
            if (loading is null)
            {
                return await AnswerAsync(
                    files, parsed.GetValue(json), async (photo, end) => await server.RecognizeAsync(parsed, vectors, strangers, photo, end), cancellationToken);
            }

            var loaded = await loading.Engine;
            var known = VectorFiles.Parse(loaded, parsed.GetRequiredValue(person), vectors);
            var unknown = strangers is null ? null : VectorFiles.Parse(loaded, parsed.GetRequiredValue(background)!, strangers);
            var recognition = new FaceVectorRecognition(loaded, known, unknown);
            return await AnswerAsync(
                files, parsed.GetValue(json), (photo, end) => Task.Run(() => RecognizedPhoto.Of(recognition.Recognize(loaded.Analyze(photo, end))), end), cancellationToken);
        });
        return command;
    }

    // Runs as many at once as there are cores, and writes answers in the order of the command line as soon as they are ready.
    private static async Task<int> AnswerAsync(
        PhotoList photos, bool json, Func<byte[], CancellationToken, Task<RecognizedPhoto>> recognize, CancellationToken cancellationToken)
    {
        var files = photos.Files;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var screen = new Screen("photos", files.Count);
        var answers = Channel.CreateBounded<Task<RecognizedPhoto>>(Environment.ProcessorCount);
        var asking = AskAsync();
        var failed = photos.UnreadableFolders;
        try
        {
            var answered = 0;
            await foreach (var answer in answers.Reader.ReadAllAsync(cancellationToken))
            {
                var photo = await answer with { Image = files[answered++] };
                failed += photo.Error is null ? 0 : 1;
                Write(screen, photo, json);
                screen.Step();
            }

            await asking;
        }
        finally
        {
            // The caller disposes the engine after this, so no task may still use it.
            await end.CancelAsync();
            await asking.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (answers.Reader.TryRead(out var answer))
            {
                await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        return failed == 0 ? CommandLine.Done : CommandLine.Failed;

        async Task AskAsync()
        {
            try
            {
                foreach (var file in files)
                {
                    // There is only one writer, so the free slot stays free.
                    await answers.Writer.WaitToWriteAsync(end.Token);
                    answers.Writer.TryWrite(AskOneAsync(file));
                }
            }
            finally
            {
                answers.Writer.Complete();
            }
        }

        async Task<RecognizedPhoto> AskOneAsync(string file)
        {
            try
            {
                return await recognize(PhotoFiles.Read(file), end.Token);
            }
            catch (Exception exception) when (exception is PhotoException or CommandException)
            {
                return new RecognizedPhoto(null, null, null, null, exception.Message);
            }
        }
    }

    private static void Write(Screen screen, RecognizedPhoto photo, bool json)
    {
        if (json)
        {
            screen.Write(JsonSerializer.Serialize(photo, RecognizeJson.Default.RecognizedPhoto));
        }
        else if (photo.Error is null)
        {
            screen.Write($"{Screen.OneLine(photo.Image)}\t{photo.Present}");
        }

        if (photo.Error is not null)
        {
            screen.Note($"{photo.Image}: {photo.Error}");
        }
    }
}

/// <summary>Whether a photo shows the person.</summary>
/// <param name="Present">Whether it does; null with an error.</param>
/// <param name="Distance">Distance of the nearest face; null if there is none.</param>
/// <param name="Box">Box of that face.</param>
/// <param name="Faces">Number of faces.</param>
/// <param name="Error">Why the photo could not be compared; null if it was.</param>
internal sealed record RecognizedPhoto(bool? Present, float? Distance, BoxView? Box, int? Faces, string? Error)
{
    /// <summary>The photo's path as given on the command line.</summary>
    [JsonPropertyOrder(-1)]
    public string Image { get; init; } = "";

    public static RecognizedPhoto Of(FacePresence presence) =>
        new(presence.Present, presence.Distance, presence.Box is { } box ? BoxView.Of(box) : null, presence.Faces, null);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RecognizedPhoto))]
internal sealed partial class RecognizeJson : JsonSerializerContext;

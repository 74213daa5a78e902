using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using FindMe.Recognition;

namespace FindMe.Cli;

/// <summary>findme video FILE --me selfie.jpg: the time spans in which a person is visible.</summary>
internal static class VideoCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "A video, in any format that the machine's ffmpeg reads." };
        var references = new ReferencePhotos();
        var every = new Option<TimeSpan?>("--every")
        {
            Description = "Time between two searched frames, 10ms to 3600s, such as 2s. Default 500ms.",
            CustomParser = ReadTime,
            HelpName = "TIME",
        };
        var sheet = new Option<string?>("--sheet") { Description = "Write a contact sheet as JPEG: the best frame of each time span. An existing file is not overwritten.", HelpName = "FILE" };
        var json = new Option<bool>("--json") { Description = "Write one JSON object, with times in seconds." };
        var engine = new EngineChoice();
        var command = new Command("video", "Finds the time spans of a video in which a person is visible. Exit code 0: found; 1: none found; 2: error.") { file };
        references.AddTo(command);
        foreach (var option in (Option[])[every, sheet, json])
        {
            command.Options.Add(option);
        }

        engine.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            await using var loading = engine.Begin(parsed);
            var path = parsed.GetRequiredValue(file);
            var target = parsed.GetValue(sheet);
            if (target is not null && Path.Exists(target))
            {
                throw new CommandException($"{target} already exists: name a new file for the sheet.");
            }

            if (target is not null)
            {
                OutputFiles.CheckPlace(target);
            }

            var video = await OpenAsync(path, cancellationToken);
            var loaded = await loading.Engine;
            var wanted = references.Read(loaded, parsed, cancellationToken);
            var step = parsed.GetValue(every) ?? new VideoSearchOptions().Every;
            VideoAppearances found;
            using (var screen = new Screen("frames", video.Duration is { } duration ? (int)(duration / step) + 1 : 0))
            {
                found = await VideoSearch.FindAsync(
                    loaded, video, wanted, new VideoSearchOptions { Every = step, Pictures = target is not null, Progress = _ => screen.Step() }, cancellationToken);
            }

            if (video.Damage is { } damage)
            {
                CommandLine.Complain(damage);
            }

            Write(path, found, parsed.GetValue(json));
            if (target is not null && ContactSheet.ToJpeg(found.Ranges) is { } jpeg)
            {
                await using var output = new FileStream(target, FileMode.CreateNew, FileAccess.Write);
                await output.WriteAsync(jpeg, cancellationToken);
            }

            return found.Ranges.Count > 0 ? CommandLine.Done
                : video.Damage is null ? CommandLine.NotFound
                : CommandLine.Failed;
        });
        return command;
    }

    private static async Task<VideoFrames> OpenAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await VideoFrames.OpenAsync(path, cancellationToken);
        }
        catch (VideoException) when (PhotoNames.IsPhoto(path))
        {
            throw new CommandException($"{path} is a photo, not a video. To search photos: findme album DIR --me PHOTO");
        }
    }

    private static void Write(string path, VideoAppearances found, bool json)
    {
        if (json)
        {
            var ranges = found.Ranges.Select(range => new VideoRangeView(
                Math.Round(range.From.TotalSeconds, 3), Math.Round(range.To.TotalSeconds, 3), range.Frames, range.Confidence, range.Distance, Math.Round(range.Best.Time.TotalSeconds, 3)));
            Console.WriteLine(JsonSerializer.Serialize(
                new VideoView(path, Math.Round(found.Length.TotalSeconds, 3), found.Frames, found.Analyzed, [.. ranges]), VideoJson.Default.VideoView));
            return;
        }

        foreach (var range in found.Ranges)
        {
            Console.WriteLine($"{range.From:hh\\:mm\\:ss\\.fff}\t{range.To:hh\\:mm\\:ss\\.fff}\t{range.Confidence:0 %}");
        }

        CommandLine.Complain($"{found.Ranges.Count} {(found.Ranges.Count == 1 ? "time span" : "time spans")} in {found.Length:hh\\:mm\\:ss\\.fff}; {found.Frames} frames searched, {found.Analyzed} of them new.");
    }

    private static TimeSpan? ReadTime(System.CommandLine.Parsing.ArgumentResult argument)
    {
        var text = argument.Tokens.Count == 1 ? argument.Tokens[0].Value : "";
        var (number, unit) = text.EndsWith("ms", StringComparison.Ordinal) ? (text[..^2], 1.0) : text.EndsWith('s') ? (text[..^1], 1_000) : (text, double.NaN);
        if (double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value * unit is >= 10 and <= 3_600_000)
        {
            return TimeSpan.FromMilliseconds((int)(value * unit));
        }

        argument.AddError("--every must be a time from 10ms to 3600s with a unit, ms or s, such as 500ms or 2s.");
        return null;
    }
}

/// <summary>When a person is visible; times in seconds.</summary>
internal sealed record VideoView(string File, double Duration, int Frames, int Analyzed, IReadOnlyList<VideoRangeView> Ranges);

/// <summary>A time span in which they are visible.</summary>
internal sealed record VideoRangeView(double From, double To, int Frames, float Confidence, float Distance, double Best);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(VideoView))]
internal sealed partial class VideoJson : JsonSerializerContext;

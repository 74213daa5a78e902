using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using FindMe.Faces;

namespace FindMe.Recognition;

/// <summary>A video cannot be read; the message is one line with a way out.</summary>
/// <param name="message">The line.</param>
public sealed class VideoException(string message) : Exception(message);

/// <summary>A picture of a video.</summary>
/// <param name="Time">Since its beginning.</param>
/// <param name="Pixels">What is shown then.</param>
public sealed record VideoFrame(TimeSpan Time, PhotoPixels Pixels);

/// <summary>The frames of a video file, decoded by the ffmpeg of the machine in a process of its own.</summary>
/// <remarks>
/// The file is hostile: ffmpeg may open nothing but this file (no playlist leads it elsewhere), reads containers of films only, and its
/// frames are no larger than the engine looks at.
/// </remarks>
public sealed class VideoFrames
{
    // Films as phones, cameras and networks make them. Playlists, scripts and devices of ffmpeg's are none.
    private const string Containers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,ogg,asf,gif";

    // Each thread of a decoder keeps frames of its own, and a machine with many cores would start many. A frame of 8K video has 33 million pixels; a header that promises more is not believed.
    private const string MaxPixels = "36000000";

    private const int MaxComplaint = 200;

    // The first stream of pictures that is no cover of a song.
    private const string Pictures = "V:0";

    // What ffmpeg gets of this process's environment: it needs no token of ours, and decodes what strangers made.
    private static readonly string[] PassedOn = ["PATH", "LD_LIBRARY_PATH", "SystemRoot", "TEMP"];

    // Sound may end later than the pictures.
    private static readonly TimeSpan MaxMissing = TimeSpan.FromSeconds(2);

    // Longer than a frame is shown: a sample is the last frame that began before its time.
    private static readonly TimeSpan LongestFrame = TimeSpan.FromSeconds(1);

    private readonly string _path;
    private readonly string _ffmpeg;

    private VideoFrames(string path, string ffmpeg, TimeSpan? duration) => (_path, _ffmpeg, Duration) = (path, ffmpeg, duration);

    /// <summary>How long the video is; null where its container does not say.</summary>
    public TimeSpan? Duration { get; }

    /// <summary>Whether videos can be read on this machine: its PATH has ffmpeg and ffprobe.</summary>
    public static bool ArePossible => TryFindProgram("ffmpeg") is not null && TryFindProgram("ffprobe") is not null;

    /// <summary>Why the video ended before its end, in a line; null where it did not, or is not read yet.</summary>
    public string? Damage { get; private set; }

    /// <summary>Opens a video.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="VideoException">ffmpeg is not on this machine, or the file is no video.</exception>
    public static async Task<VideoFrames> OpenAsync(string path, CancellationToken cancellationToken = default)
    {
        if (!File.Exists(path))
        {
            throw new VideoException(Directory.Exists(path) ? $"{path} is a folder: name a video file." : $"There is no file {path}.");
        }

        var (ffmpeg, ffprobe) = (FindProgram("ffmpeg"), FindProgram("ffprobe"));
        using var probe = Start(ffprobe, [.. Input(path), "-select_streams", Pictures, "-show_entries", "format=duration,start_time:stream=codec_type,duration:stream_tags=DURATION", "-of", "default=noprint_wrappers=1"]);
        await using var stop = cancellationToken.Register(() => Kill(probe));
        var complaint = ReadEndAsync(probe.StandardError);
        var answer = await probe.StandardOutput.ReadToEndAsync(cancellationToken);
        await probe.WaitForExitAsync(cancellationToken);
        if (probe.ExitCode != 0 || !answer.Contains("codec_type=video", StringComparison.Ordinal))
        {
            throw new VideoException($"{path} cannot be read as a video{LastLine(await complaint)}.");
        }

        return new VideoFrames(path, ffmpeg, DurationIn(answer));
    }

    /// <summary>What is shown at 0, <paramref name="every"/>, twice that, and so on.</summary>
    /// <param name="every">Time between two frames, 10 ms to an hour.</param>
    /// <param name="cancellationToken">Stops ffmpeg.</param>
    /// <returns>The frames in their order; ffmpeg waits while one is worked on.</returns>
    /// <exception cref="VideoException">Not one frame can be decoded.</exception>
    public IAsyncEnumerable<VideoFrame> ReadAsync(TimeSpan every, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(every, TimeSpan.FromMilliseconds(10));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(every, TimeSpan.FromHours(1));
        return ReadFromAsync(TimeSpan.Zero, every, cancellationToken);
    }

    /// <summary>What is shown at one time, without decoding everything before it.</summary>
    /// <param name="time">The time, 0 to the video's length.</param>
    /// <param name="cancellationToken">Stops ffmpeg.</param>
    /// <exception cref="VideoException">Nothing can be decoded there.</exception>
    public async Task<PhotoPixels> ReadAtAsync(TimeSpan time, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        var from = time > LongestFrame ? time - LongestFrame : TimeSpan.Zero;
        var step = time - from;
        VideoFrame? last = null;
        await foreach (var frame in ReadFromAsync(from, step > TimeSpan.FromMilliseconds(10) ? step : LongestFrame, cancellationToken))
        {
            last = frame;
            if (frame.Time >= step)
            {
                break;
            }
        }

        return last!.Pixels;
    }

    private async IAsyncEnumerable<VideoFrame> ReadFromAsync(TimeSpan from, TimeSpan every, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // format: film of more than 8 bits would come with as many. round=up: a sample shows the last frame that began before it or with it, as a player would.
        var filter = $"fps=1000/{(int)every.TotalMilliseconds}:round=up:start_time=0,"
            + $"scale=w='min(iw,{FaceEngine.WorkingSide})':h='min(ih,{FaceEngine.WorkingSide})':force_original_aspect_ratio=decrease,format=rgb24";
        using var ffmpeg = Start(_ffmpeg, ["-nostdin", "-ss", from.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture), .. Input(_path), "-map", $"0:{Pictures}", "-vf", filter, "-f", "image2pipe", "-c:v", "ppm", "pipe:1"]);
        await using var stop = cancellationToken.Register(() => Kill(ffmpeg));
        var complaint = ReadEndAsync(ffmpeg.StandardError);
        var count = 0;
        try
        {
            var input = new BufferedStream(ffmpeg.StandardOutput.BaseStream, 1 << 16);
            while (await TryReadFrameAsync(input, cancellationToken) is { } pixels)
            {
                yield return new VideoFrame(every * count, pixels);
                count++;
            }

            await ffmpeg.WaitForExitAsync(cancellationToken);

            // Stopped is not ended.
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            Kill(ffmpeg);
        }

        var complaints = await complaint;
        var said = LastLine(complaints);
        if (count == 0)
        {
            throw new VideoException($"{_path}: no picture of the video can be decoded{said}.");
        }

        // ffmpeg says nothing of a file that is cut off; its container still says how long it was.
        var end = from + (every * count);
        Damage = ffmpeg.ExitCode != 0 || Duration - end > MaxMissing || complaints.Contains("partial file", StringComparison.Ordinal) ? $"{_path} ends after {end:hh\\:mm\\:ss}{said}." : null;
    }

    // Of the pictures where the container says so: sound may go on for long after them, and either may begin late.
    private static TimeSpan? DurationIn(string answer)
    {
        var lines = answer.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2)).Where(field => field.Length == 2).ToList();
        var durations = lines.Where(field => field[0] == "duration").Select(field => Seconds(field[1])).ToList();
        var tag = lines.Where(field => field[0] == "TAG:DURATION").Select(field => SecondsOfTag(field[1])).FirstOrDefault();
        var start = lines.Where(field => field[0] == "start_time").Select(field => Seconds(field[1])).FirstOrDefault() ?? 0;

        // The stream's line comes first, then the container's. Matroska's counts from 0, wherever the film begins.
        var seconds = durations.Count > 1 && durations[0] is { } pictures ? pictures : (tag ?? durations.LastOrDefault()) - Math.Max(0, start);
        return seconds is > 0 and < 1e6 ? TimeSpan.FromSeconds(seconds.Value) : null;

        static double? Seconds(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;

        // 00:00:08.600000000
        static double? SecondsOfTag(string text) =>
            text.Split(':') is [var hours, var minutes, var seconds] && Seconds(hours) is { } h && Seconds(minutes) is { } m && Seconds(seconds) is { } s ? (h * 3600) + (m * 60) + s : null;
    }

    private static string[] Input(string path) =>
        ["-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file", "-format_whitelist", Containers, "-max_pixels", MaxPixels, "-threads", "2", "-i", $"file:{path}"];

    // Netpbm's binary PPM as ffmpeg writes it: "P6", width, height and 255 with white space between them, one white space, the rows.
    private static async Task<PhotoPixels?> TryReadFrameAsync(BufferedStream input, CancellationToken cancellationToken)
    {
        var header = new List<byte>();
        var fields = 0;
        while (fields < 4)
        {
            var next = input.ReadByte();
            if (next < 0 && header.Count == 0)
            {
                return null;
            }

            if (next < 0 || header.Count > 40)
            {
                throw NoPicture();
            }

            header.Add((byte)next);
            fields += char.IsWhiteSpace((char)next) ? 1 : 0;
        }

        var words = System.Text.Encoding.ASCII.GetString([.. header]).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (words is not ["P6", var across, var down, "255"]
            || !int.TryParse(across, NumberStyles.None, CultureInfo.InvariantCulture, out var width)
            || !int.TryParse(down, NumberStyles.None, CultureInfo.InvariantCulture, out var height)
            || width is < 1 or > FaceEngine.WorkingSide
            || height is < 1 or > FaceEngine.WorkingSide)
        {
            throw NoPicture();
        }

        // A frame that ends too early is the last one: ffmpeg ended in the middle of it.
        var rgb = new byte[width * height * 3];
        return await input.ReadAtLeastAsync(rgb, rgb.Length, throwOnEndOfStream: false, cancellationToken) == rgb.Length
            ? new PhotoPixels(width, height, rgb)
            : null;

        static VideoException NoPicture() => new("The machine's ffmpeg sends no pictures that can be read: another version of it may.");
    }

    // The end of what a program complains of; a broken film can make it complain for gigabytes.
    private static async Task<string> ReadEndAsync(StreamReader reader)
    {
        var (end, buffer) = ("", new char[1 << 12]);
        while (await reader.ReadAsync(buffer) is > 0 and var count)
        {
            end += new string(buffer, 0, count);
            end = end.Length > buffer.Length ? end[^buffer.Length..] : end;
        }

        return end;
    }

    private static Process Start(string program, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var name in start.Environment.Keys.Except(PassedOn, StringComparer.OrdinalIgnoreCase).ToList())
        {
            start.Environment.Remove(name);
        }

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception exception)
        {
            throw new VideoException($"{program} does not start: {exception.Message}.");
        }
    }

    private static string FindProgram(string name) =>
        TryFindProgram(name)
        ?? throw new VideoException($"Videos need {name}, which is not on this machine: apt install ffmpeg, brew install ffmpeg, or https://ffmpeg.org/download.html.");

    // By PATH alone: the runtime would look in the working folder first, where a download may be called ffmpeg.
    private static string? TryFindProgram(string name)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        return (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Where(Path.IsPathFullyQualified)
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists);
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    // ffmpeg's last words, which may quote the file's.
    private static string LastLine(string text)
    {
        var line = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .LastOrDefault(line => !line.StartsWith("Last message repeated", StringComparison.Ordinal)) ?? "";
        return line.Length == 0 ? "" : $": {(line.Length > MaxComplaint ? line[..MaxComplaint] : line).TrimEnd('.')}";
    }
}

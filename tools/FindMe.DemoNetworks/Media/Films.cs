using System.Collections.Concurrent;
using System.Diagnostics;

namespace FindMe.DemoNetworks.Media;

/// <summary>Creates the videos of posts with the system's ffmpeg, and caches them.</summary>
public static class Films
{
    private const string Fit = "scale=960:640,fps=10,setsar=1,format=yuv420p";

    // Long enough to be recognized as a video, too short to decode a picture.
    private const int BrokenBytes = 5_000;

    private static readonly string[] Card = ["-f", "lavfi", "-t", "3", "-i", "smptebars=size=960x640:rate=10"];
    private static readonly string[] Grey = ["-f", "lavfi", "-t", "3", "-i", "color=gray:size=960x640:rate=10"];

    private static readonly ConcurrentDictionary<string, Lazy<Task<byte[]?>>> Made = [];

    /// <summary>Returns a video.</summary>
    /// <param name="name">The value of <see cref="ScenarioMedia.Video"/>.</param>
    /// <returns>Null when ffmpeg is not installed.</returns>
    public static Task<byte[]?> ReadAsync(string name) => Made.GetOrAdd(name, key => new Lazy<Task<byte[]?>>(() => MakeAsync(key))).Value;

    private static async Task<byte[]?> MakeAsync(string name) => name.Split('/') switch
    {
        ["film", var photo] => await RunAsync([.. Card, "-loop", "1", "-t", "3", "-i", Pictures.DemoPhoto(int.Parse(photo)), .. Card]),
        ["card"] => await RunAsync([.. Card, .. Grey, .. Card]),
        ["cut"] => await RunAsync([.. Card, .. Grey, .. Card], ".mkv") is { } whole ? whole[..(whole.Length / 2)] : null,
        ["broken"] => (await ReadAsync("card"))?[..BrokenBytes],
        _ => throw new InvalidOperationException($"'{name}' is not a video: give film/N, card, cut or broken."),
    };

    private static async Task<byte[]?> RunAsync(string[] scenes, string ending = ".mp4")
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():n}{ending}");
        string[] join = ["-filter_complex", $"[0:v]{Fit}[a];[1:v]{Fit}[b];[2:v]{Fit}[c];[a][b][c]concat=n=3", "-c:v", "mpeg4", "-q:v", "3", path];
        try
        {
            using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", ["-nostdin", "-loglevel", "error", .. scenes, .. join]))!;
            await ffmpeg.WaitForExitAsync();
            return ffmpeg.ExitCode == 0 ? await File.ReadAllBytesAsync(path) : throw new InvalidOperationException("ffmpeg failed to create the video.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
        finally
        {
            File.Delete(path);
        }
    }
}

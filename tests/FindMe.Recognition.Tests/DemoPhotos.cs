using FindMe.Faces;

namespace FindMe.Recognition.Tests;

/// <summary>The demo photos of face-api's package, and the repository they lie in.</summary>
internal static class DemoPhotos
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(string photo) => Path.Combine(Root, "node_modules", "@vladmandic", "face-api", "demo", photo);

    public static byte[] Read(string photo) => File.ReadAllBytes(PathOf(photo));

    /// <summary>What a build of this configuration has put beside this project.</summary>
    public static string AppPath(string project, string assembly) =>
        Path.Combine(AppContext.BaseDirectory, "..", "..", project, Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), $"{assembly}.dll");

    /// <summary>A part of a photo around a face, as a JPEG.</summary>
    /// <param name="photo">The photo.</param>
    /// <param name="face">The face's box.</param>
    /// <param name="margin">Room on each side, in heights of the face.</param>
    /// <param name="shift">How far the part is moved to the right and down, in heights of the face.</param>
    public static byte[] Crop(byte[] photo, Box face, float margin, float shift)
    {
        using var pinned = photo.AsMemory().Pin();
        using var load = new VipsOperation("jpegload_buffer").Set("buffer", photo.AsSpan());
        Assert.True(load.TryRun(out var whole));
        using (whole)
        {
            var room = margin * face.Height;
            var left = Math.Clamp((int)(face.X - room + (shift * face.Height)), 0, whole.Width - 2);
            var top = Math.Clamp((int)(face.Y - room + (shift * face.Height)), 0, whole.Height - 2);
            var side = (int)(face.Height + (2 * room));
            using var cut = new VipsOperation("extract_area")
                .Set("input", whole)
                .Set("left", left)
                .Set("top", top)
                .Set("width", Math.Min(side, whole.Width - left))
                .Set("height", Math.Min(side, whole.Height - top));
            Assert.True(cut.TryRun(out var part));
            using (part)
            using (var save = new VipsOperation("jpegsave_buffer").Set("in", part).Set("Q", 90))
            {
                Assert.True(save.TrySave(out var jpeg));
                return jpeg;
            }
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); ; folder = folder.Parent!)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FindMe.sln")))
            {
                return folder.FullName;
            }
        }
    }
}

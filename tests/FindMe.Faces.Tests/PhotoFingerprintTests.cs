using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Faces.Tests;

public sealed class PhotoFingerprintTests
{
    /// <summary>How social networks and people change copies of a picture.</summary>
    private static readonly (string Name, Func<byte[], byte[]> Change)[] Changes =
    [
        ("saved again at a low quality", photo => TestPictures.Reencode(photo, 30)),
        ("made fit for a page", photo => PhotoRendering.ToJpeg(photo, 1200)),
        ("halved", photo => TestPictures.Edit(photo, picture => picture.Halve())),
        ("a thumbnail", photo => PhotoRendering.ToJpeg(photo, 320)),
        ("cut by 2 % at the right and below", photo => Crop(photo, 0, 0.02)),
        ("cut by 1 % on each side", photo => Crop(photo, 0.01, 0.02)),
        ("cut by 2 % at the left and above, and halved", photo => TestPictures.Edit(Crop(photo, 0.02, 0.02), picture => picture.Halve())),
        ("progressive", TestPictures.Progressive),
        ("a little brighter", photo => TestPictures.Edit(photo, picture => picture.Darken(1 / 1.15f))),
    ];

    [Fact]
    public void Copies_of_the_demo_photos_are_recognized_and_never_confused()
    {
        var originals = Enumerable.Range(1, 6).Select(EngineFixture.ReadSample).ToList();
        var fingerprints = originals.Select(photo => PhotoFingerprint.Of(photo)).ToList();

        foreach (var (name, change) in Changes)
        {
            var changed = originals.Select(photo => PhotoFingerprint.Of(change(photo))).ToList();
            var farthest = fingerprints.Zip(changed, (one, other) => one.DistanceTo(other)).Max();
            var nearestOther = Enumerable.Range(0, 6).SelectMany(i => Enumerable.Range(0, 6).Where(j => j != i).Select(j => fingerprints[i].DistanceTo(changed[j]))).Min();
            TestContext.Current.TestOutputHelper!.WriteLine($"{name}: at most {farthest} bits; another photo: at least {nearestOther}");
            Assert.True(farthest <= PhotoFingerprint.SamePictureBits, $"{name}: {farthest} bits");
            Assert.True(nearestOther > PhotoFingerprint.SamePictureBits, $"{name}: another photo at {nearestOther} bits");
        }
    }

    [Fact]
    public void Different_photos_of_a_large_event_are_never_the_same_picture()
    {
        var folder = Checkouts.Shared("scenario", "public_lfw_event", "photos");
        var fingerprints = Directory.GetFiles(folder).Order(StringComparer.Ordinal)
            .AsParallel().AsOrdered()
            .Select(file => (Name: Path.GetFileName(file), Fingerprint: PhotoFingerprint.Of(File.ReadAllBytes(file))))
            .ToList();
        Assert.Equal(470, fingerprints.Count);

        var pairs = Enumerable.Range(0, fingerprints.Count)
            .SelectMany(i => Enumerable.Range(i + 1, fingerprints.Count - i - 1).Select(j => (
                Pair: $"{fingerprints[i].Name} {fingerprints[j].Name}", Distance: fingerprints[i].Fingerprint.DistanceTo(fingerprints[j].Fingerprint))))
            .OrderBy(pair => pair.Distance)
            .ToList();

        TestContext.Current.TestOutputHelper!.WriteLine("nearest: " + string.Join(", ", pairs.Take(5)));
        Assert.True(pairs[0].Distance > PhotoFingerprint.SamePictureBits, $"{pairs[0]}");
    }

    [Fact]
    public void A_fingerprint_survives_the_conversion_to_text_and_other_texts_are_rejected()
    {
        var fingerprint = PhotoFingerprint.Of(EngineFixture.ReadSample(1));

        Assert.Equal(fingerprint, PhotoFingerprint.TryParse($"{fingerprint}"));
        Assert.Equal(0, fingerprint.DistanceTo(PhotoFingerprint.Of(EngineFixture.ReadSample(1))));
        foreach (var text in new[] { null, "", "x", new string('g', 64), $"{fingerprint}0" })
        {
            Assert.Null(PhotoFingerprint.TryParse(text));
        }
    }

    private static byte[] Crop(byte[] photo, double from, double less) => TestPictures.Edit(photo, picture =>
    {
        var (width, height) = picture.GetCurrentSize();
        picture.Crop(new Rectangle((int)(width * from), (int)(height * from), (int)(width * (1 - less)), (int)(height * (1 - less))));
    });
}

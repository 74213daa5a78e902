namespace FindMe.Faces.Tests;

public sealed class JpegStructureTests(EngineFixture fixture)
{
    // An empty scan of one component.
    private static readonly byte[] EmptyScan = [0xff, 0xda, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x3f, 0x00];

    [Fact]
    public void A_baseline_jpeg_is_decoded_row_by_row() =>
        Assert.Equal(new JpegStructure(CoefficientBytes: 0, Scans: 1), JpegStructure.Read(EngineFixture.ReadSample(1)));

    [Fact]
    public void A_progressive_jpeg_holds_two_bytes_for_each_coefficient()
    {
        var structure = JpegStructure.Read(TestPictures.Progressive(EngineFixture.ReadSample(1)));

        // Colours at half the width and height: 1.5 coefficients of 2 bytes per pixel.
        Assert.Equal(1920 * 1280 * 3, structure.CoefficientBytes);
        Assert.InRange(structure.Scans, 2, 20);
    }

    [Fact]
    public void A_progressive_jpeg_gives_the_same_faces_as_a_baseline_one()
    {
        var plain = fixture.Engine.Analyze(EngineFixture.ReadSample(1), TestContext.Current.CancellationToken);
        var progressive = fixture.Engine.Analyze(
            TestPictures.Progressive(EngineFixture.ReadSample(1)),
            TestContext.Current.CancellationToken);

        Assert.Equal(plain.Faces.Count, progressive.Faces.Count);
    }

    [Fact]
    public void A_jpeg_with_hundreds_of_scans_is_rejected_before_decoding()
    {
        var photo = TestPictures.Progressive(EngineFixture.ReadSample(1));
        byte[] bomb = [.. photo[..^2], .. Enumerable.Repeat(EmptyScan, 500).SelectMany(scan => scan), .. photo[^2..]];

        var exception = Assert.Throws<PhotoException>(
            () => fixture.Engine.Analyze(bomb, TestContext.Current.CancellationToken));

        Assert.Equal(PhotoProblem.TooManyPixels, exception.Problem);
    }
}

// The person's side: consent → a reference of their face → POST a search → search_request; then its live result.
using FindMe.Api;
using FindMe.Pipeline;

var builder = WebApplication.CreateBuilder(args);

builder.AddAppDefaults();
builder.Services.AddKeyMaking();
builder.Services.AddHostedService<KeyRingCheck>();
builder.Services.AddPhotoReading();
builder.Services.AddWebDefences();
builder.Services.AddCallers();
builder.Services.AddSignIns();
builder.Services.AddOnlyOneself();
builder.Services.AddReferencePhotos();
builder.Services.AddSearches();
builder.Services.AddSearchPhotos();
builder.Services.AddUploads();
builder.Services.AddForgetting();
builder.Services.AddWakeups();
builder.Services.AddRecovery();
builder.Services.AddHostedService<ReadyLine>();
builder.Services.AddOperator();
builder.Services.AddOpenApi();

var app = builder.Build();

app.UseWebDefences();
app.MapAppDefaults();
app.UseCallers();
app.UseFileTimeouts();
app.UseStaticPage();
app.MapOpenApi();
app.MapConsent();
app.MapSignIns();
app.MapAccounts();
app.MapOtherBrowsers();
app.MapReferencePhotos();
app.MapSources();
app.MapUploads();
app.MapSearches();
app.MapSearchEstimates();
app.MapSearchContinuing();
app.MapSearchEvents();
app.MapSearchPhotos();
app.MapForgetting();
app.MapOperatorFailures();

app.Run();

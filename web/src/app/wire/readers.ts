/** Readers of the things that the server speaks of. */
import {
  Reader,
  flag,
  listOf,
  moment,
  nullable,
  number,
  object,
  oneOf,
  record,
  text,
  withDefault,
} from './read';
import {
  CallClaimed,
  CallDeclined,
  CallSpeaker,
  CallState,
  CallView,
  CallWithdrawn,
  Caller,
  Delivery,
  EndReason,
  IncomingCall,
  Message,
  Operator,
  Person,
  PhoneState,
  Piece,
  Quality,
  Refusal,
  Renegotiate,
  ResumePoint,
  SearchHit,
  Speaker,
  ThreadSummary,
  Transcript,
  Welcome,
} from './views';

export const id = text;
const optionalId = nullable(text);

const callState: Reader<CallState> = oneOf(
  'bot',
  'handoff',
  'connecting',
  'bridged',
  'held',
  'ended',
);
const callSpeaker: Reader<CallSpeaker> = oneOf('bot', 'human', 'agent', 'hold');
export const delivery: Reader<Delivery> = oneOf('local', 'pending', 'delivered', 'failed');

const KNOWN_ENDS: readonly string[] = [
  'caller_hung_up',
  'operator_hung_up',
  'bot_hung_up',
  'agent_hung_up',
  'line_lost',
  'failed',
  'shutdown',
  'interrupted',
] satisfies EndReason[];

/** Reasons that a newer server may add are no cause to refuse the whole call. */
const endReason: Reader<EndReason> = (value, path) => {
  const reason = text(value, path);
  return KNOWN_ENDS.includes(reason) ? (reason as EndReason) : 'other';
};

const person: Reader<Person> = record<Person>({ id, name: text });

export const operator: Reader<Operator> = record<Operator>({
  id,
  name: text,
  roles: withDefault(listOf(text), []),
});

const caller: Reader<Caller> = record<Caller>({
  number: withDefault(text, ''),
  name: nullable(text),
  provider: text,
});

const speaker: Reader<Speaker> = oneOf('caller', 'bot', 'human', 'agent', 'system');

export const message: Reader<Message> = record<Message>({
  id,
  threadId: id,
  callId: optionalId,
  seq: number,
  speaker,
  name: nullable(text),
  text,
  final: flag,
  startedAt: moment,
  endedAt: moment,
  delivery,
  deliveryNote: nullable(text),
  late: withDefault(flag, false),
});

export const callView: Reader<CallView> = record<CallView>({
  callId: id,
  threadId: id,
  crmId: optionalId,
  channelId: optionalId,
  provider: text,
  caller,
  state: callState,
  speaker: callSpeaker,
  queue: nullable(text),
  operator: nullable(person),
  startedAt: moment,
  handoffAt: nullable(moment),
  claimedAt: nullable(moment),
  bridgedAt: nullable(moment),
  endedAt: nullable(moment),
  endReason: nullable(endReason),
  endedBy: nullable(oneOf('caller', 'operator', 'bot', 'agent', 'provider', 'us')),
  transcript: withDefault(oneOf('on', 'paused'), 'on'),
  line: withDefault(oneOf('up', 'lost'), 'up'),
  reason: nullable(text),
  summary: nullable(text),
});

export const incomingCall: Reader<IncomingCall> = record<IncomingCall>({
  callId: id,
  threadId: id,
  crmId: optionalId,
  channelId: optionalId,
  caller,
  queue: withDefault(text, 'default'),
  reason: withDefault(text, ''),
  summary: withDefault(text, ''),
  transcript: withDefault(listOf(message), []),
  requestedAt: moment,
  expiresAt: moment,
});

const iceServer: Reader<RTCIceServer> = (value, path) => {
  const given = object(value, path);
  const urls =
    typeof given['urls'] === 'string'
      ? given['urls']
      : [...listOf(text)(given['urls'], `${path}.urls`)];
  const username = nullable(text)(given['username'], `${path}.username`);
  const credential = nullable(text)(given['credential'], `${path}.credential`);
  return username === null || credential === null ? { urls } : { urls, username, credential };
};

const resumePoint: Reader<ResumePoint> = record<ResumePoint>({ id, label: text });

export const welcome: Reader<Welcome> = record<Welcome>({
  operator,
  calls: listOf(callView),
  waiting: listOf(incomingCall),
  iceServers: withDefault(listOf(iceServer), []),
  resumePoints: withDefault(listOf(resumePoint), []),
  serverTime: moment,
});

export const callClaimed: Reader<CallClaimed> = record<CallClaimed>({
  callId: id,
  operator: person,
});

export const callDeclined: Reader<CallDeclined> = record<CallDeclined>({
  callId: id,
  operator: person,
  reason: withDefault(text, ''),
});

export const callWithdrawn: Reader<CallWithdrawn> = record<CallWithdrawn>({
  callId: id,
  reason: oneOf('caller_hung_up', 'timed_out', 'cancelled'),
});

export const transcript: Reader<Transcript> = record<Transcript>({
  callId: optionalId,
  threadId: id,
  message,
});

export const quality: Reader<Quality> = record<Quality>({
  callId: id,
  at: moment,
  rttMs: nullable(number),
  jitterMs: number,
  lossPct: number,
  bufferMs: number,
  callerLevel: number,
  operatorLevel: number,
  transcriptBehindS: withDefault(number, 0),
});

export const renegotiate: Reader<Renegotiate> = record<Renegotiate>({
  reason: withDefault(text, ''),
  codec: nullable(text),
});

export const threadSummary: Reader<ThreadSummary> = record<ThreadSummary>({
  threadId: id,
  crmId: optionalId,
  channelId: optionalId,
  number: withDefault(text, ''),
  name: nullable(text),
  lastAt: moment,
  messageCount: number,
});

/** A candidate as browsers take it; null is the end of candidates. */
export const candidate: Reader<RTCIceCandidateInit | null> = (value, path) => {
  const given = object(value, path)['candidate'];
  if (given === null || given === undefined) return null;
  const fields = object(given, `${path}.candidate`);
  return {
    candidate: text(fields['candidate'], `${path}.candidate.candidate`),
    sdpMid: nullable(text)(fields['sdpMid'], `${path}.candidate.sdpMid`),
    sdpMLineIndex: nullable(number)(fields['sdpMLineIndex'], `${path}.candidate.sdpMLineIndex`),
  };
};

const errorBody = record<{ code: string; message: string }>({ code: text, message: text });

/** `{error: {code, message}}`, with `operator` beside it where somebody else has the call. */
export const refusal: Reader<Refusal> = (value, path) => {
  const given = object(value, path);
  const holder = nullable(person)(given['operator'], `${path}.operator`);
  return { ...errorBody(given['error'], `${path}.error`), holder };
};

export const searchHit: Reader<SearchHit> = record<SearchHit>({
  threadId: id,
  seq: number,
  startedAt: moment,
  speaker,
  name: nullable(text),
  caller: withDefault(
    record<SearchHit['caller']>({ number: withDefault(text, ''), name: nullable(text) }),
    { number: '', name: null },
  ),
  snippet: listOf(record<Piece>({ text, match: withDefault(flag, false) })),
});

export const phoneState: Reader<PhoneState> = record<PhoneState>({
  callId: id,
  state: callState,
  speaker: callSpeaker,
  endedAt: nullable(moment),
  endReason: nullable(endReason),
});

/** Parsers of everything the server sends: from `unknown` to a view, or WireError with the path. */
import {
  Reader,
  WireError,
  flag,
  listOf,
  moment,
  nullable,
  number,
  record,
  text,
  withDefault,
} from './read';
import {
  callClaimed,
  callDeclined,
  callView,
  callWithdrawn,
  candidate,
  delivery,
  id,
  incomingCall,
  message,
  operator,
  phoneState,
  quality,
  refusal,
  renegotiate,
  searchHit,
  threadSummary,
  transcript,
  welcome,
} from './readers';
import {
  CallView,
  DeliveryChange,
  Page,
  PhoneAnswer,
  SearchHit,
  SignedIn,
  Thread,
  TimelineEvent,
  ViewerToken,
} from './views';

function named<T>(name: string, reader: Reader<T>): (value: unknown) => T {
  return (value) => reader(value, name);
}

export const parseMessage = named('message', message);
export const parseCallView = named('call', callView);
export const parseIncomingCall = named('incoming_call', incomingCall);
export const parseWelcome = named('welcome', welcome);
export const parseCallClaimed = named('call_claimed', callClaimed);
export const parseCallDeclined = named('call_declined', callDeclined);
export const parseCallWithdrawn = named('call_withdrawn', callWithdrawn);
export const parseTranscript = named('transcript', transcript);
export const parseQuality = named('quality', quality);
export const parseCandidate = named('candidate', candidate);
export const parseRenegotiate = named('renegotiate', renegotiate);
export const parseRefusal = named('refusal', refusal);
export const parseTimeline = named(
  'timeline',
  listOf(record<TimelineEvent>({ event: text, ms: number })),
);
export const parseThreads = named('threads', listOf(threadSummary));
export const parseThread = named(
  'thread',
  record<Thread>({ threadId: id, messages: listOf(message) }),
);
export const parseDelivery = named(
  'delivery',
  record<DeliveryChange>({
    threadId: id,
    id,
    seq: number,
    delivery,
    deliveryNote: nullable(text),
  }),
);
export const parseViewerToken = named(
  'viewer_token',
  record<ViewerToken>({ token: text, expiresAt: moment, url: text }),
);
export const parseThreadDeleted = named(
  'thread_deleted',
  record<{ threadId: string }>({ threadId: id }),
);
export const parseSearch = named(
  'search',
  record<{ results: readonly SearchHit[] }>({ results: listOf(searchHit) }),
);
export const parseSignedIn = named('login', record<SignedIn>({ token: text, operator }));
export const parsePhoneState = named('call_state', phoneState);
export const parsePhoneEnded = named('ended', record<{ reason: string }>({ reason: text }));
export const parsePhoneAnswer = named(
  'call_ack',
  record<PhoneAnswer>({ callId: id, threadId: id, sdp: text, secret: nullable(text) }),
);

/** Acks of commands. */
export const parseSdp = named('ack', record<{ sdp: string }>({ sdp: text }));
export const parseCallAck = named('ack', record<{ call: CallView }>({ call: callView }));
export const parseMessages = named(
  'ack',
  record<Page>({ messages: listOf(message), more: withDefault(flag, false) }),
);
export const parseNothing = (): void => undefined;

export { WireError };
